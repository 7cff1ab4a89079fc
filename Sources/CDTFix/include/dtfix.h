/* SPDX-License-Identifier: Apache-2.0 */

/**
 * dtfix: device trees, ELF core headers and kexec plans for the next kernel, from C.
 *
 * Link with `pkg-config --cflags --libs dtfix`, or with `--static`. The library makes no kexec
 * system call, starts no thread, prints nothing and needs no initialisation.
 *
 * Results. A function that can fail returns 0, or -DTFIX_E_… on failure. On failure `*error` is set
 * to an error, which the caller frees, unless `error` is NULL; no other result is set, and no
 * argument is changed. On success `*error` is not set.
 *
 * Handles (dtfix_tree, dtfix_plan, …) belong to the caller. A …_free function takes the address of
 * a handle, frees the handle and sets it to NULL; it ignores NULL, the address of NULL and a handle
 * of another type. All other functions fail with DTFIX_E_ARGUMENT for a handle that is NULL, unless
 * it is optional; those that cannot fail return 0, NULL or "". A handle of another type fails with
 * DTFIX_E_HANDLE. So does a freed handle, which must not be used, until its memory is used again.
 *
 * Memory. Pointers that the library returns are valid until their handle is freed. The library
 * keeps no pointer of the caller. Bytes are passed with their size, arrays with their count; more
 * than 1 GiB, and NULL with a size or count other than 0, fail with DTFIX_E_ARGUMENT. Strings are
 * UTF-8 and end with a NUL.
 *
 * Structs. Most begin with `struct_size`: set the struct to zero, then `struct_size` to its sizeof.
 * Zero is the default of every member; `unused` must be zero. Later versions add members at the end.
 * A smaller struct of an older version is accepted: missing members count as zero, or are not filled
 * in. A larger one of a newer version is accepted if the members that this library does not know are
 * zero. Any other size fails with DTFIX_E_VERSION. Structs without `struct_size` never change.
 *
 * Threads. All functions may be called from any number of threads at the same time. Several threads
 * may read one handle; no other thread may use it while it is changed or freed.
 *
 * Secrets. Seeds and keys are only in the blobs that are made: never in a report, a message, a text
 * or a capture.
 */
#ifndef DTFIX_H
#define DTFIX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of this interface, which only grows. */
#define DTFIX_ABI_VERSION 1

/** DTFIX_ABI_VERSION of the library. */
uint32_t dtfix_abi_version(void);

/* ---- Errors ------------------------------------------------------------------------------------ */

/** Error codes; those of sysexits.h are also the exit codes of dtfix. */
enum {
  DTFIX_E_ARGUMENT = 1,     /**< An invalid argument: NULL, more than 1 GiB, an unknown number. */
  DTFIX_E_HANDLE = 2,       /**< A handle of another type, or one that was freed. */
  DTFIX_E_VERSION = 3,      /**< A struct of an unknown version. */
  DTFIX_E_NOT_FOUND = 4,    /**< An index out of range. */
  DTFIX_E_USAGE = 64,       /**< A request that is malformed or contradictory (EX_USAGE). */
  DTFIX_E_MALFORMED = 65,   /**< Malformed input (EX_DATAERR). */
  DTFIX_E_MISSING = 66,     /**< A file is missing (EX_NOINPUT). */
  DTFIX_E_UNAVAILABLE = 69, /**< The machine has no tree, memory or room for it (EX_UNAVAILABLE). */
  DTFIX_E_SYSTEM = 71,      /**< A system call failed (EX_OSERR). */
  DTFIX_E_IO = 74,          /**< A file cannot be read (EX_IOERR). */
  DTFIX_E_PERMISSION = 77   /**< Not permitted to this process (EX_NOPERM). */
};

/** The reason of a failure. */
typedef struct dtfix_error dtfix_error;

/** The code, DTFIX_E_…; 0 for NULL. */
int dtfix_error_code(const dtfix_error *error);
/** What was found where, and the rule; sometimes a second line with what to do. "" for NULL. */
const char *dtfix_error_message(const dtfix_error *error);
void dtfix_error_free(dtfix_error **error);

/* ---- Bytes ------------------------------------------------------------------------------------- */

/** Bytes that the library made or read. */
typedef struct dtfix_buffer dtfix_buffer;

/** The bytes, followed by a NUL, so that text is a string; NULL only for NULL. */
const void *dtfix_buffer_bytes(const dtfix_buffer *buffer);
/** The number of bytes, without the NUL; 0 for NULL. */
size_t dtfix_buffer_size(const dtfix_buffer *buffer);
void dtfix_buffer_free(dtfix_buffer **buffer);

/**
 * Reads an open file and leaves it open: a regular file from its start, a pipe to its end.
 *
 * Fails with DTFIX_E_USAGE for a descriptor that is closed or not open for reading, with
 * DTFIX_E_MISSING for a socket or a directory, with DTFIX_E_MALFORMED for more than 1 GiB, and with
 * DTFIX_E_IO for a file that changes while it is read.
 */
int dtfix_read(int fd, dtfix_buffer **buffer, dtfix_error **error);

/** Physical memory: `size` bytes from `start`; none if the size is 0. */
typedef struct dtfix_range {
  uint64_t start;
  uint64_t size;
} dtfix_range;

/* ---- Reports ----------------------------------------------------------------------------------- */

/** Changes and findings, with their reasons. */
typedef struct dtfix_report dtfix_report;

/** The action of a change. */
enum {
  DTFIX_ADDED = 1,
  DTFIX_REPLACED = 2,
  DTFIX_REMOVED = 3,
  DTFIX_KEPT = 4,   /**< Kept, where a removal could be expected. */
  DTFIX_OMITTED = 5 /**< Not taken over from the other tree. */
};

/** The subject of a change. */
enum {
  DTFIX_PROPERTY = 1,
  DTFIX_NODE = 2,
  DTFIX_RESERVATION = 3,
  DTFIX_BOOT_CPU = 4,
  DTFIX_COMMAND_LINE = 5
};

/** One change of a tree or of a command line. */
typedef struct dtfix_change {
  uint32_t struct_size;
  /** DTFIX_ADDED, …; later versions may add numbers. */
  uint32_t action;
  /** DTFIX_PROPERTY, …; later versions may add numbers. */
  uint32_t subject;
  uint32_t unused;
  /** The path of the node, or NULL. */
  const char *node;
  /** The name of the property, or NULL. */
  const char *property;
  /** The old value as text, or NULL; of a secret, only its size. */
  const char *from;
  /** The new value, likewise. */
  const char *to;
  const char *reason;
  /** A file and function of Linux, a section of a specification, or the caller. */
  const char *rule;
} dtfix_change;

/** Something that a kernel would refuse, ignore or misread, or that could not be checked. */
typedef struct dtfix_finding {
  uint32_t struct_size;
  uint32_t unused;
  /** A node, property, segment or file. */
  const char *place;
  /** What was found, and what is expected. */
  const char *text;
  /** The kernel function or specification that requires it; "" for none. */
  const char *rule;
} dtfix_finding;

size_t dtfix_report_change_count(const dtfix_report *report);
/** Fills in the change at an index from 0, in the order in which they were made. */
int dtfix_report_change(
    const dtfix_report *report, size_t index, dtfix_change *change, dtfix_error **error);
size_t dtfix_report_finding_count(const dtfix_report *report);
int dtfix_report_finding(
    const dtfix_report *report, size_t index, dtfix_finding *finding, dtfix_error **error);
/** Lines for people: sources, changes, addresses, warnings. */
int dtfix_report_text(const dtfix_report *report, dtfix_buffer **text, dtfix_error **error);
/** A JSON object with the arrays `changes` and `findings`. */
int dtfix_report_json(const dtfix_report *report, dtfix_buffer **json, dtfix_error **error);
void dtfix_report_free(dtfix_report **report);

/* ---- Trees ------------------------------------------------------------------------------------- */

/** A flattened device tree. */
typedef struct dtfix_tree dtfix_tree;

/** Checks a whole blob (`fdt_check_full` and more) and copies it; ignores bytes after it. */
int dtfix_tree_open(const void *blob, size_t size, dtfix_tree **tree, dtfix_error **error);
/** The blob, aligned to 16 bytes; libfdt can read it. */
int dtfix_tree_blob(const dtfix_tree *tree, dtfix_buffer **blob, dtfix_error **error);
/** The source for dtc; seeds and keys are empty. */
int dtfix_tree_source(const dtfix_tree *tree, dtfix_buffer **source, dtfix_error **error);
void dtfix_tree_free(dtfix_tree **tree);

/** The kind of an edit. Nodes are named by path, `/soc/serial@9000000`, or by alias. */
enum {
  /**
   * Sets a property of a node: "/node:name=value", where the value is `text`, `"text"`,
   * `<0x1 0x2>`, `[c0 de]` or nothing.
   */
  DTFIX_EDIT_SET = 1,
  /** Deletes a node with its subnodes, "/node", or a property, "/node:name". */
  DTFIX_EDIT_DELETE = 2,
  /** Applies an overlay. */
  DTFIX_EDIT_OVERLAY = 3,
  /**
   * Deletes all entries of the memory reservation block for exactly this range: "START+SIZE",
   * "START-LAST" or "SIZE@START".
   */
  DTFIX_EDIT_UNRESERVE = 4
};

/** One edit of a tree. */
typedef struct dtfix_edit {
  /** DTFIX_EDIT_…. */
  uint32_t kind;
  uint32_t unused;
  /** The value of the option of `dtfix fix`; NULL for an overlay. */
  const char *text;
  /** The blob of an overlay; NULL and 0 for other edits. */
  const void *bytes;
  size_t size;
  /** The name of an overlay in messages; NULL for "overlay". */
  const char *name;
} dtfix_edit;

/**
 * Makes edits in order, all or none, like --set, --delete, --overlay, --unreserve of `dtfix fix`.
 *
 * report: the changes; may be NULL. The first edit of a live tree also removes what the running
 * kernel wrote into the tree. dtfix_tree_patch refuses an edit of /chosen that it would undo.
 *
 * Fails with DTFIX_E_USAGE for malformed text and for a missing node, property or reservation, and
 * with DTFIX_E_MALFORMED for an overlay that is damaged or does not apply.
 */
int dtfix_tree_edit(
    dtfix_tree *tree, const dtfix_edit *edits, size_t count, dtfix_report **report,
    dtfix_error **error);

/** Compares two trees by meaning: a report with one change for each difference. */
int dtfix_tree_compare(
    const dtfix_tree *tree, const dtfix_tree *other, dtfix_report **report, dtfix_error **error);

/** The purpose of a kexec. */
enum { DTFIX_FOR_KEXEC = 1, DTFIX_FOR_CRASH = 2 };

/**
 * Checks a finished tree by the rules of the kernel that is started with it. The text of the report
 * also lists what that kernel reads from the tree.
 *
 * purpose: DTFIX_FOR_KEXEC or DTFIX_FOR_CRASH. architecture: as in `uname -m`; NULL for the tree's.
 */
int dtfix_tree_check(
    const dtfix_tree *tree, uint32_t purpose, const char *architecture, dtfix_report **report,
    dtfix_error **error);

/* ---- Machines ---------------------------------------------------------------------------------- */

/** A machine as /proc and /sys describe it: this one, or a capture in a folder. */
typedef struct dtfix_machine dtfix_machine;

/** The trees of a machine. */
enum {
  DTFIX_TREE_BEST = 0, /**< The boot blob; the live tree on powerpc, and where there is no blob. */
  DTFIX_TREE_FLAT = 1, /**< /sys/firmware/fdt. */
  DTFIX_TREE_LIVE = 2  /**< /proc/device-tree. */
};

/** The values of dtfix_machine_status. */
enum { DTFIX_UNKNOWN = 0, DTFIX_YES = 1, DTFIX_NO = 2 };

/** The kexec state of a kernel: DTFIX_UNKNOWN, DTFIX_YES or DTFIX_NO. */
typedef struct dtfix_machine_status {
  uint32_t struct_size;
  /** A kernel is loaded for reboot, or for a crash. */
  uint32_t is_loaded;
  uint32_t is_crash_loaded;
  /**
   * The kernel has the system call. Always DTFIX_UNKNOWN when read, because only the call itself
   * can show it; a loader may fill it in.
   */
  uint32_t has_kexec_load;
  uint32_t has_kexec_file_load;
  /** The kernel is locked down. */
  uint32_t is_locked_down;
  /** Loading is disabled (kernel.kexec_load_disabled). */
  uint32_t is_disabled;
  uint32_t unused;
} dtfix_machine_status;

/**
 * Opens a machine by the folder of its capture; NULL or "/" for this machine. Each call reads the
 * files it needs; a relative folder is resolved by each call.
 */
int dtfix_machine_open(const char *root, dtfix_machine **machine, dtfix_error **error);
void dtfix_machine_free(dtfix_machine **machine);
/** The architecture, as in `uname -m`. */
int dtfix_machine_architecture(
    const dtfix_machine *machine, dtfix_buffer **name, dtfix_error **error);
/** A tree of the machine, DTFIX_TREE_…. */
int dtfix_machine_tree(
    const dtfix_machine *machine, uint32_t origin, dtfix_tree **tree, dtfix_error **error);
/** The running kernel's command line without the parameters that the next kernel must not get. */
int dtfix_machine_command_line(
    const dtfix_machine *machine, uint32_t purpose, dtfix_buffer **line, dtfix_error **error);
int dtfix_machine_status_read(
    const dtfix_machine *machine, dtfix_machine_status *status, dtfix_error **error);

/** Captures the IMA measurement list, too, which names every file that was run. */
#define DTFIX_CAPTURE_IMA_LIST 1u

/**
 * A capture of the machine as a tar archive, without seeds and keys. Unpacked, it is a machine for
 * dtfix_machine_open.
 *
 * flags: 0 or DTFIX_CAPTURE_…. report: a finding for each file that cannot be read and for each
 * secret that is left out; may be NULL.
 */
int dtfix_machine_capture(
    const dtfix_machine *machine, uint32_t flags, dtfix_buffer **archive, dtfix_report **report,
    dtfix_error **error);

/* ---- Patching a tree --------------------------------------------------------------------------- */

/** Flags of dtfix_handover and dtfix_plan_options. */
enum {
  DTFIX_NO_KASLR_SEED = 1,      /**< No kaslr-seed; the next kernel boots without KASLR. */
  DTFIX_NO_RNG_SEED = 2,        /**< No rng-seed. */
  DTFIX_NO_COMMAND_LINE = 4,    /**< No command line; the next kernel uses its built-in one. */
  DTFIX_REUSE_COMMAND_LINE = 8, /**< The running kernel's, even if tree or kernel file have one. */
  DTFIX_MERGE_TREE = 16,        /**< Complete the board's tree of the set from the machine's. */
  DTFIX_HAND_OVER_IMA = 32      /**< Hand the machine's IMA measurement list to the next kernel. */
};

/** Memory that a loader has placed for the next kernel; numbers are shared with DTFIX_FILE_…. */
enum {
  DTFIX_INPUT_INITRD = 2,        /**< The initrd; the exact size, not rounded. */
  DTFIX_INPUT_ELFCOREHDR = 6,    /**< The elfcorehdr; for a crash kernel. */
  DTFIX_INPUT_IMA_BUFFER = 7,    /**< The IMA buffer, whole pages; not for a crash kernel. */
  DTFIX_INPUT_EXTRA = 8,         /**< Any bytes; `name` is the property with address and size. */
  DTFIX_INPUT_KHO_FDT = 9,       /**< The FDT of kexec hand-over (KHO); not for a crash kernel. */
  DTFIX_INPUT_KHO_SCRATCH = 10,  /**< The scratch array of KHO; with the FDT, or not at all. */
  DTFIX_INPUT_DMCRYPT_KEYS = 11, /**< The dm-crypt keys; for a crash kernel, with an rng-seed. */
  DTFIX_INPUT_BACKUP = 12        /**< Copy of the low 64 KiB for a ppc64 crash kernel; any size. */
};

/** An input of the next kernel, and its memory. */
typedef struct dtfix_input {
  /** DTFIX_INPUT_…; each at most once, except DTFIX_INPUT_EXTRA. */
  uint32_t type;
  uint32_t unused;
  /** The property of DTFIX_INPUT_EXTRA; NULL for all other types. */
  const char *name;
  /** Must not be empty. */
  dtfix_range range;
} dtfix_input;

/** What is handed over to the next kernel, at addresses that the caller chose. */
typedef struct dtfix_handover {
  uint32_t struct_size;
  /** DTFIX_FOR_KEXEC or DTFIX_FOR_CRASH. */
  uint32_t purpose;
  /**
   * DTFIX_NO_KASLR_SEED, DTFIX_NO_RNG_SEED, and DTFIX_NO_COMMAND_LINE or, with a machine,
   * DTFIX_REUSE_COMMAND_LINE.
   */
  uint32_t flags;
  uint32_t unused;
  /** The next kernel's architecture, as in `uname -m`; NULL for the tree's. */
  const char *architecture;
  /** The command line; NULL for the tree's. */
  const char *command_line;
  /** Appended to the command line; NULL for nothing. */
  const char *append;
  /** A crash kernel needs an elfcorehdr. */
  const dtfix_input *inputs;
  size_t input_count;
  /**
   * The memory of a crash kernel, within the machine's crash kernel regions, the main one first;
   * NULL and 0 for all of them.
   */
  const dtfix_range *usable_memory;
  size_t usable_memory_count;
  /** Other memory that the next kernel must not use. */
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
 * Makes the tree of the next kernel, as `dtfix --for-kexec` and `--for-crash` do, and checks it by
 * that kernel's rules. The given tree is not changed.
 *
 * machine: the machine of the tree; NULL if only the tree is known. report may be NULL.
 */
int dtfix_tree_patch(
    const dtfix_tree *tree, const dtfix_handover *handover, const dtfix_machine *machine,
    dtfix_buffer **blob, dtfix_report **report, dtfix_error **error);

/* ---- ELF core headers -------------------------------------------------------------------------- */

/** Facts for an elfcorehdr that the machine's files lack, or have wrong. */
typedef struct dtfix_elfcorehdr_facts {
  uint32_t struct_size;
  uint32_t unused;
  /** As in `uname -m`; NULL for the machine's. */
  const char *architecture;
  /** RAM, in place of the machine's. */
  const dtfix_range *ram;
  size_t ram_count;
  /** RAM that is not dumped, in addition to the crash kernel's. */
  const dtfix_range *excluded;
  size_t excluded_count;
  /** The register notes of the CPUs, in order, in place of the machine's. */
  const dtfix_range *cpu_notes;
  size_t cpu_note_count;
  /** The vmcoreinfo note, in place of the machine's. */
  dtfix_range vmcoreinfo;
  /** The kernel's memory and link address; size 0 for the machine's. */
  dtfix_range kernel_text;
  uint64_t kernel_text_address;
  /** Linear map: virtual minus physical address, modulo 2^64; used if has_linear_map is not 0. */
  uint64_t linear_map;
  /** Address of the copy of the first 64 KiB of RAM (ppc64); used if has_backup is not 0. */
  uint64_t backup;
  uint32_t has_linear_map;
  uint32_t has_backup;
} dtfix_elfcorehdr_facts;

/**
 * Makes the ELF core header that a crash kernel serves as /proc/vmcore, as `dtfix elfcorehdr` does:
 * whole pages, zeros at the end, like the kernel's own.
 *
 * machine or facts may be NULL, but not both; report may be NULL.
 */
int dtfix_elfcorehdr(
    const dtfix_machine *machine, const dtfix_elfcorehdr_facts *facts, dtfix_buffer **header,
    dtfix_report **report, dtfix_error **error);

/** Checks an elfcorehdr by the crash kernel's rules, and against the machine if not NULL. */
int dtfix_elfcorehdr_check(
    const void *header, size_t size, const dtfix_machine *machine, dtfix_report **report,
    dtfix_error **error);

/* ---- Kernel images ----------------------------------------------------------------------------- */

/** A kernel file of any format, unpacked. */
typedef struct dtfix_image dtfix_image;

typedef struct dtfix_image_info {
  uint32_t struct_size;
  /** 1 if the kernel was inside another file: compressed, EFI zboot, a unified kernel image. */
  uint32_t is_packed;
  /** As in `uname -m`. */
  const char *architecture;
  /** The formats, the outermost first: "EFI zboot (zstd) > arm64 Image". */
  const char *layers;
  /** The unpacked kernel. */
  const void *kernel;
  size_t kernel_size;
  /** Bytes of memory that the kernel needs. */
  uint64_t memory_size;
  /** Its load address must be a multiple of this. */
  uint64_t alignment;
  /** Offset of the entry point from the load address. */
  uint64_t entry;
  /** Of a unified kernel image; NULL for none. */
  const void *initrd;
  size_t initrd_size;
  const char *command_line;
} dtfix_image_info;

/** profile: the profile of a unified kernel image, from 0. */
int dtfix_image_open(
    const void *file, size_t size, uint32_t profile, dtfix_image **image, dtfix_error **error);
int dtfix_image_info_read(
    const dtfix_image *image, dtfix_image_info *info, dtfix_error **error);
void dtfix_image_free(dtfix_image **image);

/* ---- File sets --------------------------------------------------------------------------------- */

/** The type of a file. */
enum {
  DTFIX_FILE_KERNEL = 1,       /**< The kernel; exactly one. */
  DTFIX_FILE_INITRD = 2,       /**< An initrd; several are concatenated in order. */
  DTFIX_FILE_TREE = 3,         /**< The tree, in place of the machine's; at most one. */
  DTFIX_FILE_OVERLAY = 4,      /**< An overlay; several are applied in order. */
  DTFIX_FILE_COMMAND_LINE = 5, /**< The command line, without a NUL; at most one. */
  DTFIX_FILE_ELFCOREHDR = 6,   /**< The elfcorehdr, in place of a new one; at most one. */
  DTFIX_FILE_IMA_LIST = 7,     /**< An IMA measurement list; at most one, not for a crash kernel. */
  DTFIX_FILE_EXTRA = 8         /**< Any bytes; `name` is the property with address and size. */
};

/** One file of a set. */
typedef struct dtfix_file {
  uint32_t struct_size;
  /** DTFIX_FILE_…. */
  uint32_t type;
  /** The name in messages; of DTFIX_FILE_EXTRA, the property. NULL for the name of the type. */
  const char *name;
  /** The contents; NULL and 0 if `fd` is used. */
  const void *bytes;
  size_t size;
  /** An open file, read once, as by dtfix_read; used if has_fd is not 0. */
  int32_t fd;
  uint32_t has_fd;
} dtfix_file;

/** The files of a kexec. */
typedef struct dtfix_file_set dtfix_file_set;

int dtfix_file_set_new(dtfix_file_set **files, dtfix_error **error);
/** Adds a file: copies its bytes, or reads it. */
int dtfix_file_set_add(dtfix_file_set *files, const dtfix_file *file, dtfix_error **error);
void dtfix_file_set_free(dtfix_file_set **files);

/* ---- Plans ------------------------------------------------------------------------------------- */

/** The system call of a plan. */
enum {
  DTFIX_CALL_ANY = 0, /**< Let the library choose, and give the reason. */
  DTFIX_CALL_KEXEC_LOAD = 1,
  DTFIX_CALL_KEXEC_FILE_LOAD = 2
};

/** The options of a plan. */
typedef struct dtfix_plan_options {
  uint32_t struct_size;
  /** DTFIX_FOR_KEXEC or DTFIX_FOR_CRASH. */
  uint32_t purpose;
  /** Any of the flags above. */
  uint32_t flags;
  /** DTFIX_CALL_…. */
  uint32_t call;
  /** DTFIX_TREE_…. */
  uint32_t tree_origin;
  /** The profile of a unified kernel image, from 0. */
  uint32_t profile;
  /** The state by which the call is chosen; the machine's files for NULL and for DTFIX_UNKNOWN. */
  const dtfix_machine_status *status;
  /** The architecture, if neither machine nor tree has it; else NULL. */
  const char *architecture;
  /** The running kernel's page size in bytes; 0 for the machine's. */
  uint64_t page_size;
  /** Appended to the command line; NULL for nothing. */
  const char *append;
  const dtfix_range *reservations;
  size_t reservation_count;
  /** RAM that is not dumped, in addition to the crash kernel's. */
  const dtfix_range *excluded;
  size_t excluded_count;
  /** As in dtfix_handover. */
  const void *kaslr_seed;
  size_t kaslr_seed_size;
  const void *rng_seed;
  size_t rng_seed_size;
} dtfix_plan_options;

/** The arguments of a system call for kexec. */
typedef struct dtfix_plan dtfix_plan;

typedef struct dtfix_plan_info {
  uint32_t struct_size;
  uint32_t purpose;
  /** DTFIX_CALL_KEXEC_LOAD, with segments, or DTFIX_CALL_KEXEC_FILE_LOAD, with files. */
  uint32_t call;
  uint32_t unused;
  /** The reason for this call. */
  const char *reason;
  const char *architecture;
  /**
   * Arguments of kexec_load(2); the architecture in the upper half of flags is 0, for the running
   * kernel's. All are 0 for kexec_file_load(2), whose flags are up to the caller.
   */
  uint64_t entry;
  uint64_t flags;
  size_t segment_count;
  /** Contents for kexec_file_load(2), unpacked; NULL for none. command_line_size counts the NUL. */
  const void *kernel;
  size_t kernel_size;
  const void *initrd;
  size_t initrd_size;
  const char *command_line;
  size_t command_line_size;
} dtfix_plan_info;

/** A segment: `buf`, `bufsz`, `mem` and `memsz` of struct kexec_segment. */
typedef struct dtfix_segment {
  uint32_t struct_size;
  uint32_t unused;
  /** The name in the manifest: "kernel", "initrd", "dtb", … */
  const char *name;
  const void *bytes;
  size_t size;
  /** The destination; the kernel fills the rest with zeros. */
  dtfix_range memory;
} dtfix_segment;

/**
 * Plans a kexec, as `dtfix plan` does: places everything, makes the tree and the elfcorehdr, and
 * checks the result by the rules of both kernels. Fails unless the whole plan is valid.
 *
 * machine: the machine that loads the plan; NULL for one that is described only by the tree of the
 * set. report may be NULL.
 */
int dtfix_plan_make(
    const dtfix_file_set *files, const dtfix_machine *machine, const dtfix_plan_options *options,
    dtfix_plan **plan, dtfix_report **report, dtfix_error **error);
int dtfix_plan_info_read(const dtfix_plan *plan, dtfix_plan_info *info, dtfix_error **error);
/** Fills in the segment at an index from 0, in ascending order of addresses. */
int dtfix_plan_segment(
    const dtfix_plan *plan, size_t index, dtfix_segment *segment, dtfix_error **error);
/** The file `manifest` of the folder that `dtfix plan -o` writes, with the segments as NAME.bin. */
int dtfix_plan_manifest(const dtfix_plan *plan, dtfix_buffer **text, dtfix_error **error);
/** The file `plan.json` of that folder: the manifest and the reasons. */
int dtfix_plan_json(const dtfix_plan *plan, dtfix_buffer **json, dtfix_error **error);
void dtfix_plan_free(dtfix_plan **plan);

#ifdef __cplusplus
}
#endif

#endif
