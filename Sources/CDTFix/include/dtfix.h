/* SPDX-License-Identifier: Apache-2.0 */

/**
 * dtfix: device trees, core headers and whole kexecs for the next kernel, from C.
 *
 * Link with `pkg-config --cflags --libs dtfix`, or with `--static`. The library makes no kexec
 * system call, starts no thread, keeps no global state, prints nothing and needs no setting up.
 *
 * Results. A function that can fail returns 0 or a negative number, -DTFIX_E_…. If `error` is not
 * NULL, it is then set to an error with a message, which the caller frees; it is not touched
 * otherwise. After a failure nothing was made and nothing was changed: all results are as they
 * were.
 *
 * Handles (dtfix_tree, dtfix_plan, …) belong to the caller. A …_free function takes the address of
 * the handle, frees it and sets it to NULL; NULL, and the address of NULL, are fine; a handle of
 * another type is left as it is. Every other function refuses NULL with -DTFIX_E_ARGUMENT; those
 * that cannot fail answer 0, NULL or "". To use a handle after it was freed is an error of the
 * caller's; where the memory tells, and it does until it is used again, that is -DTFIX_E_HANDLE,
 * as is a handle of another type.
 *
 * Pointers that are handed out are the handle's: they are good until it is freed. Of what is
 * handed in nothing is kept. Bytes come with their size, arrays with their count; more than 1 GiB,
 * and NULL with anything but 0, are -DTFIX_E_ARGUMENT. Other strings end with a NUL and are UTF-8.
 *
 * Structs begin with their size, `struct_size`: set all of a struct to zero, then `struct_size` to
 * its sizeof. Zero is the default of every member. Later versions add members at the end: a
 * caller's smaller struct is taken as if they were zero, and filled as far as it goes; a larger
 * one is taken when what this library does not know is zero, else it is -DTFIX_E_VERSION, as is
 * one that is smaller than in the first version. Structs without a size stay as they are.
 *
 * Threads. Any number of threads may use the library at the same time. One handle may be read by
 * several; who changes or frees one sees to it that nobody else uses it meanwhile.
 *
 * Seeds and keys are in the blobs that are made and nowhere else: in no report, message, text or
 * capture.
 */
#ifndef DTFIX_H
#define DTFIX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of this interface: functions and structs are only ever added to it. */
#define DTFIX_ABI_VERSION 1

/** The version of the interface that the library has, DTFIX_ABI_VERSION of its header. */
uint32_t dtfix_abi_version(void);

/* ---- Errors ------------------------------------------------------------------------------------ */

/** What went wrong; a number of sysexits.h means what it means as an exit code of dtfix. */
enum {
  /** A function was called wrongly: NULL, an absurd size, an unknown number. */
  DTFIX_E_ARGUMENT = 1,
  /** A handle of another type, or one that was freed. */
  DTFIX_E_HANDLE = 2,
  /** A struct of a version that this library does not know. */
  DTFIX_E_VERSION = 3,
  /** There is no such item. */
  DTFIX_E_NOT_FOUND = 4,
  /** A request that is not well formed, or contradicts itself or the tree (EX_USAGE). */
  DTFIX_E_USAGE = 64,
  /** Bytes that are not what they should be (EX_DATAERR). */
  DTFIX_E_MALFORMED = 65,
  /** A file is missing (EX_NOINPUT). */
  DTFIX_E_MISSING = 66,
  /** The machine does not offer it: no tree, no memory set apart, no room (EX_UNAVAILABLE). */
  DTFIX_E_NOT_OFFERED = 69,
  /** A system call failed (EX_OSERR). */
  DTFIX_E_SYSTEM = 71,
  /** A file cannot be read (EX_IOERR). */
  DTFIX_E_IO = 74,
  /** Not permitted to this process (EX_NOPERM). */
  DTFIX_E_PERMISSION = 77
};

/** Why a function failed. */
typedef struct dtfix_error dtfix_error;

/** The code, DTFIX_E_…; 0 for NULL. */
int dtfix_error_code(const dtfix_error *error);
/**
 * One line: where, what was found, what the rule is; perhaps a second one with what to do. "" for
 * NULL.
 */
const char *dtfix_error_message(const dtfix_error *error);
void dtfix_error_free(dtfix_error **error);

/* ---- Bytes ------------------------------------------------------------------------------------- */

/** Bytes that the library made, or read. */
typedef struct dtfix_buffer dtfix_buffer;

/** The bytes, never NULL but for NULL, and a NUL behind them: text can be taken as a string. */
const void *dtfix_buffer_bytes(const dtfix_buffer *buffer);
/** How many there are, without that NUL; 0 for NULL. */
size_t dtfix_buffer_size(const dtfix_buffer *buffer);
void dtfix_buffer_free(dtfix_buffer **buffer);

/**
 * Reads all of an open file, once: a regular one from its start, a pipe from where it is to its
 * end. It is not closed.
 *
 * Fails with DTFIX_E_USAGE for a descriptor that is closed or not open for reading, with
 * DTFIX_E_MISSING for a socket or a directory, with DTFIX_E_MALFORMED for more than 1 GiB, and with
 * DTFIX_E_IO for a file that changes meanwhile.
 */
int dtfix_read(int fd, dtfix_buffer **buffer, dtfix_error **error);

/** Physical memory: `size` bytes from `start`; none when the size is 0. */
typedef struct dtfix_range {
  uint64_t start;
  uint64_t size;
} dtfix_range;

/* ---- Reports: what was changed, and what is worth a second look -------------------------------- */

/** What was done, and why. */
typedef struct dtfix_report dtfix_report;

/** What happened to something. */
enum {
  DTFIX_ADDED = 1,
  DTFIX_REPLACED = 2,
  DTFIX_REMOVED = 3,
  /** It stays, which may surprise. */
  DTFIX_KEPT = 4,
  /** Another tree has it, and it was not taken over. */
  DTFIX_OMITTED = 5
};

/** What it happened to. */
enum {
  DTFIX_PROPERTY = 1,
  DTFIX_NODE = 2,
  DTFIX_RESERVATION = 3,
  DTFIX_BOOT_CPU = 4,
  DTFIX_COMMAND_LINE = 5
};

/** One change of a tree, or of a command line. */
typedef struct dtfix_change {
  uint32_t struct_size;
  /** DTFIX_ADDED, …; numbers that are not listed here may come. */
  uint32_t action;
  /** DTFIX_PROPERTY, …; numbers that are not listed here may come. */
  uint32_t subject;
  uint32_t unused;
  /** The node's path; NULL for what is in no node. */
  const char *node;
  /** The property's name; NULL for what is none. */
  const char *property;
  /** The value before, for people; NULL for none. Of a secret, its size. */
  const char *from;
  /** The value now. */
  const char *to;
  /** Why. */
  const char *reason;
  /** By which rule: a file and function of Linux, a section of a specification, or the caller. */
  const char *rule;
} dtfix_change;

/** Something that a kernel would refuse, ignore or misread, or that could not be looked into. */
typedef struct dtfix_finding {
  uint32_t struct_size;
  uint32_t unused;
  /** Where. */
  const char *place;
  /** What is there, and what should be. */
  const char *text;
  /** Who minds. */
  const char *rule;
} dtfix_finding;

size_t dtfix_report_change_count(const dtfix_report *report);
/** Fills in a change, counted from 0 in the order in which they were made. */
int dtfix_report_change(
    const dtfix_report *report, size_t index, dtfix_change *change, dtfix_error **error);
size_t dtfix_report_finding_count(const dtfix_report *report);
int dtfix_report_finding(
    const dtfix_report *report, size_t index, dtfix_finding *finding, dtfix_error **error);
/** For people, line by line: where things come from, changes, places, warnings. */
int dtfix_report_text(const dtfix_report *report, dtfix_buffer **text, dtfix_error **error);
/** Changes and findings as JSON: an object with the arrays `changes` and `findings`. */
int dtfix_report_json(const dtfix_report *report, dtfix_buffer **json, dtfix_error **error);
void dtfix_report_free(dtfix_report **report);

/* ---- Trees ------------------------------------------------------------------------------------- */

/** A flattened device tree. libfdt reads it, in the blob. */
typedef struct dtfix_tree dtfix_tree;

/**
 * Checks a blob (all of it: `fdt_check_full` of libfdt and more) and copies it. Bytes behind it are
 * ignored.
 */
int dtfix_tree_open(const void *blob, size_t size, dtfix_tree **tree, dtfix_error **error);
/** The blob, aligned as libfdt needs it. */
int dtfix_tree_blob(const dtfix_tree *tree, dtfix_buffer **blob, dtfix_error **error);
/** The source, which dtc compiles back; seeds and keys are left empty. */
int dtfix_tree_source(const dtfix_tree *tree, dtfix_buffer **source, dtfix_error **error);
void dtfix_tree_free(dtfix_tree **tree);

/** What an edit does. Nodes are named by path, `/soc/serial@9000000`, or by alias, as in libfdt. */
enum {
  /**
   * Sets a property of a node: "/node:name=value", where the value is `text`, `"text"`,
   * `<0x1 0x2>`, `[c0 de]` or nothing.
   */
  DTFIX_EDIT_SET = 1,
  /** Deletes a node and all below it, "/node", or a property, "/node:name". */
  DTFIX_EDIT_DELETE = 2,
  /** Applies an overlay. */
  DTFIX_EDIT_OVERLAY = 3,
  /**
   * Deletes every entry of the memory reservation block of exactly this memory: "START+SIZE",
   * "START-LAST" or "SIZE@START".
   */
  DTFIX_EDIT_UNRESERVE = 4
};

/** One edit of a tree. */
typedef struct dtfix_edit {
  /** DTFIX_EDIT_…. */
  uint32_t kind;
  uint32_t unused;
  /** What is edited, as the option of `dtfix fix` has it; NULL for an overlay. */
  const char *text;
  /** The blob of an overlay; NULL and 0 for another edit. */
  const void *bytes;
  size_t size;
  /** What messages call an overlay; NULL for "overlay". */
  const char *name;
} dtfix_edit;

/**
 * Makes edits, in their order, as --set, --delete, --overlay and --unreserve of `dtfix fix` do: all
 * or none. dtfix_tree_patch refuses an edit of /chosen that the hand-over would undo.
 *
 * The report has the changes; it may be NULL. The first edit of a live tree also removes what the
 * running kernel wrote into it for itself.
 *
 * Fails with DTFIX_E_USAGE for a text of another form and for a node, property or reservation that
 * is missing, and with DTFIX_E_MALFORMED for an overlay that is damaged or does not fit the tree.
 */
int dtfix_tree_edit(
    dtfix_tree *tree, const dtfix_edit *edits, size_t count, dtfix_report **report,
    dtfix_error **error);

/**
 * What differs between two trees, by meaning: a report with one change for each difference. Two
 * trees that mean the same give a report without changes.
 */
int dtfix_tree_compare(
    const dtfix_tree *tree, const dtfix_tree *other, dtfix_report **report, dtfix_error **error);

/** What a kexec is for. */
enum { DTFIX_FOR_KEXEC = 1, DTFIX_FOR_CRASH = 2 };

/**
 * Reads a finished tree by the rules of the kernel that is started with it: a report with a finding
 * for what it would refuse, ignore or misread. Its text tells what that kernel will believe, too.
 *
 * purpose: DTFIX_FOR_KEXEC or DTFIX_FOR_CRASH. architecture: as `uname -m` has it; NULL for what
 * the tree describes.
 */
int dtfix_tree_check(
    const dtfix_tree *tree, uint32_t purpose, const char *architecture, dtfix_report **report,
    dtfix_error **error);

/* ---- Machines ---------------------------------------------------------------------------------- */

/**
 * A machine as its kernel describes it in /proc and /sys: this one, or one captured in a folder.
 */
typedef struct dtfix_machine dtfix_machine;

/** Which tree of a machine. */
enum {
  /** The better one: the blob of the boot; on powerpc, or where there is none, the live one. */
  DTFIX_TREE_BEST = 0,
  /** /sys/firmware/fdt. */
  DTFIX_TREE_FLAT = 1,
  /** /proc/device-tree. */
  DTFIX_TREE_LIVE = 2
};

/** An answer. */
enum { DTFIX_UNKNOWN = 0, DTFIX_YES = 1, DTFIX_NO = 2 };

/** What a kernel says of kexec: an answer each. */
typedef struct dtfix_machine_status {
  uint32_t struct_size;
  /** Whether a kernel waits for a reboot, and for a crash. */
  uint32_t is_loaded;
  uint32_t is_crash_loaded;
  /**
   * Whether the kernel has kexec_load and kexec_file_load: unknown, as only a system call tells; a
   * loader fills it in.
   */
  uint32_t has_kexec_load;
  uint32_t has_kexec_file_load;
  /** Whether the kernel is locked down. */
  uint32_t is_locked_down;
  /** Whether loading is switched off (kernel.kexec_load_disabled). */
  uint32_t is_disabled;
  uint32_t unused;
} dtfix_machine_status;

/**
 * Names a machine; NULL or "/" for this one. Facts are read when they are asked for; a relative
 * folder is looked up then.
 */
int dtfix_machine_open(const char *root, dtfix_machine **machine, dtfix_error **error);
void dtfix_machine_free(dtfix_machine **machine);
/** The architecture as `uname -m` has it. */
int dtfix_machine_architecture(
    const dtfix_machine *machine, dtfix_buffer **name, dtfix_error **error);
/** A machine's tree, DTFIX_TREE_…. */
int dtfix_machine_tree(
    const dtfix_machine *machine, uint32_t origin, dtfix_tree **tree, dtfix_error **error);
/** The running kernel's command line without the words that are not for the next one. */
int dtfix_machine_command_line(
    const dtfix_machine *machine, uint32_t purpose, dtfix_buffer **line, dtfix_error **error);
int dtfix_machine_status_read(
    const dtfix_machine *machine, dtfix_machine_status *status, dtfix_error **error);

/**
 * For dtfix_machine_capture: also the IMA measurement list, which names every file that was run.
 */
#define DTFIX_CAPTURE_MEASUREMENTS 1u

/**
 * All that offline work needs from a machine, as a tar archive, without its seeds and keys.
 *
 * flags: 0 or DTFIX_CAPTURE_…. The report has a finding for each file that could not be read, and
 * for each secret that was left out. The folder that the archive unpacks to is a machine for
 * dtfix_machine_open.
 */
int dtfix_machine_capture(
    const dtfix_machine *machine, uint32_t flags, dtfix_buffer **archive, dtfix_report **report,
    dtfix_error **error);

/* ---- Patching a tree --------------------------------------------------------------------------- */

/** Flags of dtfix_handover and dtfix_plan_options. */
enum {
  /** No kaslr-seed: the next kernel boots without KASLR. */
  DTFIX_NO_KASLR_SEED = 1,
  /** No rng-seed. */
  DTFIX_NO_RNG_SEED = 2,
  /** No command line: the next kernel has its own. */
  DTFIX_NO_COMMAND_LINE = 4,
  /** The running kernel's command line, even where a tree was named, or a kernel brings its own. */
  DTFIX_REUSE_COMMAND_LINE = 8,
  /**
   * The tree of the file set is the board's, and is completed by what the machine's own tells
   * (dtfix --merge-dtb).
   */
  DTFIX_MERGE_TREE = 16,
  /** Hand the machine's own IMA measurement list to the next kernel. */
  DTFIX_MEASUREMENTS = 32
};

/** What a loader may have placed in memory for the next kernel; those that a file set has, by its number. */
enum {
  /** The initrd: exact, not rounded. */
  DTFIX_INPUT_INITRD = 2,
  /** The ELF core header (elfcorehdr), for a crash kernel. */
  DTFIX_INPUT_CORE_HEADER = 6,
  /** The IMA buffer: whole pages. Not for a crash kernel. */
  DTFIX_INPUT_IMA_BUFFER = 7,
  /** A blob of the caller's, reserved; `name` is the property of /chosen that says where. */
  DTFIX_INPUT_EXTRA = 8,
  /**
   * The tree of kexec hand-over (KHO) and the array of its scratch areas: both or none. Not for a
   * crash kernel.
   */
  DTFIX_INPUT_KHO_TREE = 9,
  DTFIX_INPUT_KHO_SCRATCH = 10,
  /** The keys of encrypted disks, for a crash kernel; only with an rng-seed. Never shown. */
  DTFIX_INPUT_DISK_KEYS = 11,
  /** The copy of the first 64 KiB of RAM, for a crash kernel of ppc64; its size does not count. */
  DTFIX_INPUT_BACKUP = 12
};

/** Something in memory, and where it is. */
typedef struct dtfix_input {
  /** DTFIX_INPUT_…: each once, but for extras. */
  uint32_t type;
  uint32_t unused;
  /** The property of an extra; NULL for all others. */
  const char *name;
  /** Not empty. */
  dtfix_range range;
} dtfix_input;

/** What the next kernel is to be told; where things are was decided by the caller. */
typedef struct dtfix_handover {
  uint32_t struct_size;
  /** DTFIX_FOR_KEXEC or DTFIX_FOR_CRASH. */
  uint32_t purpose;
  /**
   * DTFIX_NO_KASLR_SEED, DTFIX_NO_RNG_SEED, and one of DTFIX_NO_COMMAND_LINE and
   * DTFIX_REUSE_COMMAND_LINE, which takes a machine.
   */
  uint32_t flags;
  uint32_t unused;
  /** The next kernel's architecture, as `uname -m` has it; NULL for what the tree describes. */
  const char *architecture;
  /** The command line; NULL for the tree's own. */
  const char *command_line;
  /** Words behind it; NULL for none. */
  const char *append;
  /** What is handed over, and where it is; a crash kernel has a core header. */
  const dtfix_input *inputs;
  size_t input_count;
  /**
   * The memory that a crash kernel may use: the main region, then the low one; of a machine, within
   * what is set apart on it. NULL and 0 for all of that.
   */
  const dtfix_range *usable_memory;
  size_t usable_memory_count;
  /** Memory that the next kernel must leave alone, besides all this. */
  const dtfix_range *reservations;
  size_t reservation_count;
  /** 8 bytes, or NULL and 0 for fresh random ones. */
  const void *kaslr_seed;
  size_t kaslr_seed_size;
  /** Any number of bytes, or NULL and 0 for 128 fresh random ones. */
  const void *rng_seed;
  size_t rng_seed_size;
} dtfix_handover;

/**
 * Makes the tree that the next kernel is started with: what `dtfix --for-kexec` and `--for-crash`
 * do.
 *
 * The tree is not changed. machine: what is known of the machine that the tree is of; NULL for the
 * tree alone. The blob was read back by the next kernel's rules. report may be NULL.
 */
int dtfix_tree_patch(
    const dtfix_tree *tree, const dtfix_handover *handover, const dtfix_machine *machine,
    dtfix_buffer **blob, dtfix_report **report, dtfix_error **error);

/* ---- Core headers ------------------------------------------------------------------------------ */

/** What a core header is made of: what the machine does not tell, or tells wrong. */
typedef struct dtfix_core_facts {
  uint32_t struct_size;
  uint32_t unused;
  /** As `uname -m` has it; NULL for the machine's. */
  const char *architecture;
  /** RAM, in place of the machine's. */
  const dtfix_range *ram;
  size_t ram_count;
  /** RAM that is not dumped, besides the crash kernel's. */
  const dtfix_range *excluded;
  size_t excluded_count;
  /** The register notes of the CPUs, in their order, in place of the machine's. */
  const dtfix_range *cpu_notes;
  size_t cpu_note_count;
  /** The vmcoreinfo note, in place of the machine's. */
  dtfix_range vmcoreinfo;
  /** Where the kernel lies, and where it is linked; of size 0 for what the machine tells. */
  dtfix_range kernel_text;
  uint64_t kernel_text_address;
  /**
   * What is added to a physical address for the linear map, modulo 2^64; counts when has_linear_map
   * is not 0.
   */
  uint64_t linear_map;
  /** Where the first 64 KiB of RAM are copied to (ppc64); counts when has_backup is not 0. */
  uint64_t backup;
  uint32_t has_linear_map;
  uint32_t has_backup;
} dtfix_core_facts;

/**
 * Makes the ELF core header that a crash kernel serves as /proc/vmcore: what `dtfix elfcorehdr`
 * does.
 *
 * machine or facts may be NULL, not both; report may be NULL. The bytes are as the kernel's own:
 * page-sized, zeros at the end.
 */
int dtfix_core_header(
    const dtfix_machine *machine, const dtfix_core_facts *facts, dtfix_buffer **header,
    dtfix_report **report, dtfix_error **error);

/**
 * Reads a core header as the crash kernel will, and compares it with the machine, if that is not
 * NULL.
 */
int dtfix_core_header_check(
    const void *header, size_t size, const dtfix_machine *machine, dtfix_report **report,
    dtfix_error **error);

/* ---- Kernel images ----------------------------------------------------------------------------- */

/** A kernel file of any format, opened down to the kernel. */
typedef struct dtfix_image dtfix_image;

typedef struct dtfix_image_info {
  uint32_t struct_size;
  /** 1 when the kernel was within another file: packed, EFI zboot, a unified kernel image. */
  uint32_t is_packed;
  /** As `uname -m` has it. */
  const char *architecture;
  /** What the file is, from the outside: "EFI zboot (zstd) > arm64 Image". */
  const char *layers;
  /** The kernel itself. */
  const void *kernel;
  size_t kernel_size;
  /** Bytes of memory that it needs. */
  uint64_t memory_size;
  /** What its address is a multiple of. */
  uint64_t alignment;
  /** Where it starts, from where it is loaded. */
  uint64_t entry;
  /** The initrd and command line of a unified kernel image; NULL for none. */
  const void *initrd;
  size_t initrd_size;
  const char *command_line;
} dtfix_image_info;

/** profile: which one of a unified kernel image, from 0. */
int dtfix_image_open(
    const void *file, size_t size, uint32_t profile, dtfix_image **image, dtfix_error **error);
int dtfix_image_info_read(
    const dtfix_image *image, dtfix_image_info *info, dtfix_error **error);
void dtfix_image_free(dtfix_image **image);

/* ---- File sets: what is to be started ---------------------------------------------------------- */

/** What a file is for. */
enum {
  /** The kernel: one. */
  DTFIX_FILE_KERNEL = 1,
  /** An initrd; several are loaded as one, in their order. */
  DTFIX_FILE_INITRD = 2,
  /** The tree to start from, in place of the machine's: one at most. */
  DTFIX_FILE_TREE = 3,
  /** An overlay; applied in their order. */
  DTFIX_FILE_OVERLAY = 4,
  /** The command line, without a NUL: one at most. */
  DTFIX_FILE_COMMAND_LINE = 5,
  /** The core header of a crash kernel, in place of the one that is made: one at most. */
  DTFIX_FILE_CORE_HEADER = 6,
  /** An IMA measurement list: one at most. Not for a crash kernel. */
  DTFIX_FILE_MEASUREMENTS = 7,
  /** A blob of the caller's, reserved; `name` is the property of /chosen that says where. */
  DTFIX_FILE_EXTRA = 8
};

/** One file of a set. */
typedef struct dtfix_file {
  uint32_t struct_size;
  /** DTFIX_FILE_…; any other number is refused. */
  uint32_t type;
  /** What messages call it; of an extra blob, its property. NULL for the type's own name. */
  const char *name;
  /** Its bytes; NULL and 0 when they are in `fd`. */
  const void *bytes;
  size_t size;
  /** An open file, read once, as by dtfix_read, and never again; counts when has_fd is not 0. */
  int32_t fd;
  uint32_t has_fd;
} dtfix_file;

/** The files that a kernel is started with. */
typedef struct dtfix_file_set dtfix_file_set;

int dtfix_file_set_new(dtfix_file_set **files, dtfix_error **error);
/** Adds a file; its bytes are copied, or read, now. */
int dtfix_file_set_add(dtfix_file_set *files, const dtfix_file *file, dtfix_error **error);
void dtfix_file_set_free(dtfix_file_set **files);

/* ---- Plans ------------------------------------------------------------------------------------- */

/** A system call. */
enum {
  /** The better one, and why. */
  DTFIX_CALL_ANY = 0,
  DTFIX_CALL_KEXEC_LOAD = 1,
  DTFIX_CALL_KEXEC_FILE_LOAD = 2
};

/** How a kexec is planned. */
typedef struct dtfix_plan_options {
  uint32_t struct_size;
  /** DTFIX_FOR_KEXEC or DTFIX_FOR_CRASH. */
  uint32_t purpose;
  /** All of the flags above. */
  uint32_t flags;
  /** DTFIX_CALL_…. */
  uint32_t call;
  /** DTFIX_TREE_…: which of the machine's trees. */
  uint32_t tree_origin;
  /** Which profile of a unified kernel image, from 0. */
  uint32_t profile;
  /**
   * What the machine lets a loader do, by which a call is chosen; NULL, and what is unknown in it,
   * for what its files say.
   */
  const dtfix_machine_status *status;
  /** The architecture, where neither machine nor tree tells; NULL for what they tell. */
  const char *architecture;
  /** Bytes in a page of the running kernel; 0 for what the machine tells. */
  uint64_t page_size;
  /** Words behind the command line; NULL for none. */
  const char *append;
  const dtfix_range *reservations;
  size_t reservation_count;
  /** RAM that is not dumped, besides the crash kernel's. */
  const dtfix_range *excluded;
  size_t excluded_count;
  /** As in dtfix_handover. */
  const void *kaslr_seed;
  size_t kaslr_seed_size;
  const void *rng_seed;
  size_t rng_seed_size;
} dtfix_plan_options;

/** A kexec, ready for its system call. */
typedef struct dtfix_plan dtfix_plan;

typedef struct dtfix_plan_info {
  uint32_t struct_size;
  uint32_t purpose;
  /** DTFIX_CALL_KEXEC_LOAD: segments. DTFIX_CALL_KEXEC_FILE_LOAD: files. */
  uint32_t call;
  uint32_t unused;
  /** Why this call. */
  const char *reason;
  const char *architecture;
  /**
   * Arguments of kexec_load(2), 0 for the other call, whose flags are the caller's; the upper half
   * of flags is left to the caller, 0 will do.
   */
  uint64_t entry;
  uint64_t flags;
  size_t segment_count;
  /**
   * Arguments of kexec_file_load(2), checked and unpacked; NULL for none. command_line_size counts
   * the NUL.
   */
  const void *kernel;
  size_t kernel_size;
  const void *initrd;
  size_t initrd_size;
  const char *command_line;
  size_t command_line_size;
} dtfix_plan_info;

/** One piece that kexec_load copies: `buf`, `bufsz`, `mem`, `memsz`. */
typedef struct dtfix_segment {
  uint32_t struct_size;
  uint32_t unused;
  /** What it is for, as in a plan's manifest: "kernel", "initrd", "dtb", … */
  const char *name;
  const void *bytes;
  size_t size;
  /** Where it goes; the rest of this memory is zero. */
  dtfix_range memory;
} dtfix_segment;

/**
 * Plans a kexec: places everything, makes the tree and the core header, reads all back by the rules
 * of both kernels. What `dtfix plan` does.
 *
 * machine: the one that is to load it; NULL for a board that is not there, whose memory the tree of
 * the set tells. Nothing is made unless all of it is good. report may be NULL.
 */
int dtfix_plan_make(
    const dtfix_file_set *files, const dtfix_machine *machine, const dtfix_plan_options *options,
    dtfix_plan **plan, dtfix_report **report, dtfix_error **error);
int dtfix_plan_info_read(const dtfix_plan *plan, dtfix_plan_info *info, dtfix_error **error);
/** Fills in a segment, counted from 0 in rising order of their addresses. */
int dtfix_plan_segment(
    const dtfix_plan *plan, size_t index, dtfix_segment *segment, dtfix_error **error);
/**
 * The table of contents of the folder that `dtfix plan -o` writes; each segment is there as
 * NAME.bin.
 */
int dtfix_plan_manifest(const dtfix_plan *plan, dtfix_buffer **text, dtfix_error **error);
/** The same and the reasons: plan.json. */
int dtfix_plan_json(const dtfix_plan *plan, dtfix_buffer **json, dtfix_error **error);
void dtfix_plan_free(dtfix_plan **plan);

#ifdef __cplusplus
}
#endif

#endif
