/* SPDX-License-Identifier: Apache-2.0 */
/* A loader for kexec on top of libdtfix: load, load-crash, and the command line. */
#define _GNU_SOURCE
#include "loader.h"
#include "kexec.h"

#include <inttypes.h>
#include <sys/stat.h>

static const char help[] =
    "usage: c-loader load | load-crash --kernel FILE [--initrd FILE] ... [OPTION] ...\n"
    "       c-loader capture [--root DIR] -o FILE.tar\n"
    "       c-loader check [--root DIR] FILE\n"
    "\n"
    "Plans a kexec with libdtfix and shows the segments and the reasons. Loads only with --really.\n"
    "\n"
    "  --dtb FILE           device tree, in place of the machine's\n"
    "  --overlay FILE       overlay for the tree; repeatable\n"
    "  --command-line TEXT  in place of the running kernel's\n"
    "  --append TEXT        appended to the command line\n"
    "  --extra NAME=FILE    file for the next kernel, at the address in the property NAME of /chosen; repeatable\n"
    "  --ima                hand over the IMA measurement list\n"
    "  --call NAME          kexec_load or kexec_file_load\n"
    "  --kaslr-seed HEX     8 bytes, or none; --rng-seed HEX or none; default: random\n"
    "  --root DIR           captured machine\n"
    "  -o DIR               write the plan: manifest, plan.json, NAME.bin for each segment\n"
    "  --really             make the system call\n";

/* ---- load and load-crash ---- */

static dtfix_segment segment_of(const dtfix_plan *plan, size_t index) {
  dtfix_segment segment = {.struct_size = sizeof segment};
  try(NULL, dtfix_plan_segment(plan, index, &segment, &error));
  return segment;
}

static void show(const dtfix_plan *plan, const dtfix_plan_info *info, const dtfix_report *report) {
  dtfix_buffer *text = NULL;
  try(NULL, dtfix_report_text(report, &text, &error));
  print(stdout, dtfix_buffer_bytes(text));
  dtfix_buffer_free(&text);
  for (size_t index = 0; index < info->segment_count; index++) {
    const dtfix_segment segment = segment_of(plan, index);
    printf("segment %-12s 0x%" PRIx64 "+0x%" PRIx64 ", %zu bytes\n", segment.name, segment.memory.start,
           segment.memory.size, segment.size);
  }
  if (info->call == DTFIX_CALL_KEXEC_LOAD) printf("entry 0x%" PRIx64 "\n", info->entry);
  if (info->kernel != NULL) printf("kernel %zu bytes\n", info->kernel_size);
  if (info->initrd != NULL) printf("initrd %zu bytes\n", info->initrd_size);
  if (info->command_line != NULL) fputs("command line ", stdout), print(stdout, info->command_line), putchar('\n');
}

/* Writes the folder that `dtfix plan -o` writes. The manifest is last: a folder without it is not a plan. */
static void write_plan(const char *path, const dtfix_plan *plan, const dtfix_plan_info *info) {
  char name[256];
  dtfix_buffer *json = NULL, *manifest = NULL;
  const int folder = mkdir(path, 0700) == 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  if (folder < 0) fail(CANNOT_CREATE, "%s: %s", path, strerror(errno));
  for (size_t index = 0; index < info->segment_count; index++) {
    const dtfix_segment segment = segment_of(plan, index);
    snprintf(name, sizeof name, "%s.bin", segment.name);
    write_file(folder, name, segment.bytes, segment.size);
  }
  try(NULL, dtfix_plan_json(plan, &json, &error));
  write_buffer(folder, "plan.json", json);
  try(NULL, dtfix_plan_manifest(plan, &manifest, &error));
  write_buffer(folder, "manifest", manifest);
  close(folder);
}

static void check_call(const char *name, int why) {
  const int code = why == EPERM || why == EACCES ? DTFIX_E_PERMISSION : DTFIX_E_SYSTEM;
  if (why != 0) fail(code, "%s: %s", name, strerror(why));
}

static void load_segments(const dtfix_plan *plan, const dtfix_plan_info *info) {
  struct kexec_segment table[KEXEC_SEGMENT_MAX];
  if (info->segment_count > KEXEC_SEGMENT_MAX)
    fail(DTFIX_E_UNAVAILABLE, "kexec_load: %zu segments, the limit is %d", info->segment_count, KEXEC_SEGMENT_MAX);
  for (size_t index = 0; index < info->segment_count; index++) {
    const dtfix_segment segment = segment_of(plan, index);
    table[index] = (struct kexec_segment){
        .buf = segment.bytes, .bufsz = segment.size,
        .mem = (const void *)(uintptr_t)segment.memory.start, .memsz = segment.memory.size};
  }
  check_call("kexec_load", ckexec_load(info->entry, info->segment_count, table, info->flags));
}

static int memory_file(const char *name, const void *bytes, size_t size) {
  const int file = ckexec_memory_file(name, bytes, size);
  if (file < 0) check_call("memfd_create", -file);
  return file;
}

static void load_files(const dtfix_plan_info *info) {
  const int kernel = memory_file("kernel", info->kernel, info->kernel_size);
  const int initrd = info->initrd == NULL ? -1 : memory_file("initrd", info->initrd, info->initrd_size);
  const unsigned long flags = (info->purpose == DTFIX_FOR_CRASH ? KEXEC_FILE_ON_CRASH : 0) |
                              (info->initrd == NULL ? KEXEC_FILE_NO_INITRAMFS : 0);
  check_call("kexec_file_load",
             ckexec_file_load(kernel, initrd, info->command_line_size, info->command_line, flags));
}

static uint32_t has_call(int probe) { return probe == ENOSYS ? DTFIX_NO : probe == EPERM ? DTFIX_YES : DTFIX_UNKNOWN; }

/* Makes and checks the whole plan before showing, writing or loading any of it. */
static int load(struct request *request) {
  dtfix_machine_status status = {.struct_size = sizeof status};
  dtfix_plan_info info = {.struct_size = sizeof info};
  dtfix_machine *machine = machine_of(request);
  dtfix_plan *plan = NULL;
  dtfix_report *report = NULL;
  try(NULL, dtfix_machine_status_read(machine, &status, &error));
  if (request->root == NULL) {
    status.has_kexec_load = has_call(ckexec_probe_load());
    status.has_kexec_file_load = has_call(ckexec_probe_file_load());
  }
  request->options.status = &status;
  try(NULL, dtfix_plan_make(request->files, machine, &request->options, &plan, &report, &error));
  try(NULL, dtfix_plan_info_read(plan, &info, &error));
  show(plan, &info, report);
  if (request->output != NULL) write_plan(request->output, plan, &info);
  if (!request->really) puts("nothing was loaded");
  else if (info.call == DTFIX_CALL_KEXEC_LOAD) load_segments(plan, &info);
  else load_files(&info);
  dtfix_report_free(&report);
  dtfix_plan_free(&plan);
  dtfix_machine_free(&machine);
  return 0;
}

/* ---- The command line ---- */

static void wrong(const char *option, const char *why) {
  fail(DTFIX_E_USAGE, "%s: %s\nsee c-loader --help", option, why);
}

static int is(const char *word, const char *other) { return strcmp(word, other) == 0; }

static void add(struct request *request, dtfix_file file) {
  file.struct_size = sizeof file;
  try(NULL, dtfix_file_set_add(request->files, &file, &error));
}

static void add_file(struct request *request, uint32_t type, const char *name, const char *path) {
  const int fd = open_file(path);
  add(request, (dtfix_file){.type = type, .name = name, .fd = fd, .has_fd = 1});
  close(fd);
}

static void add_extra(struct request *request, char *value) {
  char *equals = strchr(value, '=');
  if (equals == NULL) wrong("--extra", "NAME=FILE");
  *equals = '\0';
  add_file(request, DTFIX_FILE_EXTRA, value, equals + 1);
}

static uint32_t call_named(const char *name) {
  if (is(name, "kexec_load")) return DTFIX_CALL_KEXEC_LOAD;
  if (!is(name, "kexec_file_load")) wrong("--call", "kexec_load or kexec_file_load");
  return DTFIX_CALL_KEXEC_FILE_LOAD;
}

/* Hexadecimal digits, with or without 0x, or `none`, which sets a flag. Returns the size in bytes. */
static size_t read_seed(
    struct request *request, const char *option, const char *text, uint32_t flag, unsigned char bytes[256]) {
  size_t length;
  if (is(text, "none")) return request->options.flags |= flag, 0;
  if (strncmp(text, "0x", 2) == 0) text += 2;
  length = strlen(text);
  if (length == 0) wrong(option, "the seed is empty");
  if (length % 2 != 0 || length > 512 || strspn(text, "0123456789abcdefABCDEF") != length)
    wrong(option, "at most 256 pairs of hexadecimal digits, or none");
  for (size_t index = 0; index < length / 2; index++) sscanf(text + 2 * index, "%2hhx", &bytes[index]);
  return length / 2;
}

static void read_option(struct request *request, const char *option, char *value) {
  dtfix_plan_options *options = &request->options;
  if (is(option, "--kernel")) add_file(request, DTFIX_FILE_KERNEL, value, value);
  else if (is(option, "--initrd")) add_file(request, DTFIX_FILE_INITRD, value, value);
  else if (is(option, "--dtb")) add_file(request, DTFIX_FILE_TREE, value, value);
  else if (is(option, "--overlay")) add_file(request, DTFIX_FILE_OVERLAY, value, value);
  else if (is(option, "--extra")) add_extra(request, value);
  else if (is(option, "--command-line"))
    add(request, (dtfix_file){.type = DTFIX_FILE_COMMAND_LINE, .name = option, .bytes = value, .size = strlen(value)});
  else if (is(option, "--append")) options->append = value;
  else if (is(option, "--call")) options->call = call_named(value);
  else if (is(option, "--kaslr-seed"))
    options->kaslr_seed_size = read_seed(request, option, value, DTFIX_NO_KASLR_SEED, request->kaslr_seed);
  else if (is(option, "--rng-seed"))
    options->rng_seed_size = read_seed(request, option, value, DTFIX_NO_RNG_SEED, request->rng_seed);
  else if (is(option, "--root")) request->root = value;
  else if (is(option, "-o")) request->output = value;
  else wrong(option, "no such option");
}

int main(int count, char **words) {
  static const struct command {
    const char *name;
    int (*run)(struct request *);
  } commands[] = {{"load", load}, {"load-crash", load}, {"capture", capture}, {"check", check}};
  const struct command *command = commands;
  struct request request = {.options = {.struct_size = sizeof request.options, .purpose = DTFIX_FOR_KEXEC}};
  int result;
  if (count < 2) wrong("no command", "load, load-crash, capture or check");
  if (is(words[1], "--help")) return fputs(help, stdout) < 0;
  while (!is(words[1], command->name))
    if (++command == commands + 4) wrong(words[1], "load, load-crash, capture or check");
  if (is(command->name, "load-crash")) request.options.purpose = DTFIX_FOR_CRASH;
  request.options.kaslr_seed = request.kaslr_seed, request.options.rng_seed = request.rng_seed;
  try(NULL, dtfix_file_set_new(&request.files, &error));
  for (int index = 2; index < count; index++) {
    char *word = words[index];
    if (is(word, "--really")) request.really = 1;
    else if (is(word, "--ima")) request.options.flags |= DTFIX_HAND_OVER_IMA;
    else if (word[0] != '-' && command->run == check && request.checked == NULL) request.checked = word;
    else if (word[0] != '-' && command->run == check) wrong("check", "needs one file");
    else if (index + 1 == count) wrong(word, "no such option, or without its value");
    else read_option(&request, word, words[++index]);
  }
  if (request.really && request.root != NULL) wrong("--really", "not with --root");
  if (command->run == capture && request.output == NULL) wrong("capture", "needs -o FILE.tar");
  if (command->run == check && request.checked == NULL) wrong("check", "needs one file");
  result = command->run(&request);
  dtfix_file_set_free(&request.files);
  return result;
}
