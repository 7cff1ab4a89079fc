/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the command line, and fills in what the library takes. */
#include "loader.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: c-loader load | load-crash --kernel FILE [--initrd FILE] ... [OPTION] ...\n"
    "       c-loader capture [--root DIR] -o FILE.tar\n"
    "       c-loader check [--root DIR] FILE\n"
    "\n"
    "Plans a kexec with libdtfix, and shows what would be loaded where, and why. Nothing is loaded without\n"
    "--really.\n"
    "\n"
    "  --dtb FILE           a tree in place of the machine's\n"
    "  --overlay FILE       an overlay for the tree; repeatable\n"
    "  --command-line TEXT  in place of the running kernel's\n"
    "  --append TEXT        words behind either\n"
    "  --extra NAME=FILE    a file for the next kernel, which /chosen tells of under NAME; repeatable\n"
    "  --ima                hands over the IMA measurement list\n"
    "  --call NAME          kexec_load or kexec_file_load, whatever would be chosen\n"
    "  --kaslr-seed HEX     8 bytes, or none; --rng-seed HEX or none; else fresh ones\n"
    "  --root DIR           a captured machine\n"
    "  -o DIR               writes the plan: a manifest, NAME.bin for each segment, plan.json\n"
    "  --really             makes the system call\n";

static void wrong(const char *option, const char *why) {
  fail(DTFIX_E_USAGE, "%s: %s\nsee c-loader --help", option, why);
}

static int is(const char *word, const char *other) { return strcmp(word, other) == 0; }

/* Adds a file to the set, which reads it once. */
static void add(struct request *request, uint32_t type, const char *name, const char *path) {
  const dtfix_file file = {
      .struct_size = sizeof file, .type = type, .name = name, .fd = open_file(path), .has_fd = 1};
  try(dtfix_file_set_add(request->files, &file, &error));
  close(file.fd);
}

/* NAME=FILE; the word is cut in two. */
static void add_extra(struct request *request, char *value) {
  char *equals = strchr(value, '=');
  if (equals == NULL) wrong("--extra", "NAME=FILE");
  *equals = '\0';
  add(request, DTFIX_FILE_EXTRA, value, equals + 1);
}

static void add_command_line(struct request *request, const char *text) {
  const dtfix_file line = {.struct_size = sizeof line, .type = DTFIX_FILE_COMMAND_LINE,
                           .name = "--command-line", .bytes = text, .size = strlen(text)};
  try(dtfix_file_set_add(request->files, &line, &error));
}

static void read_call(dtfix_plan_options *options, const char *name) {
  if (is(name, "kexec_load")) options->call = DTFIX_CALL_KEXEC_LOAD;
  else if (is(name, "kexec_file_load")) options->call = DTFIX_CALL_KEXEC_FILE_LOAD;
  else wrong("--call", "kexec_load or kexec_file_load");
}

/* A seed as dtfix takes it: hexadecimal digits, after 0x or not. Returns its size in bytes. */
static size_t read_seed(const char *option, const char *text, unsigned char bytes[256]) {
  size_t index, length;
  if (strncmp(text, "0x", 2) == 0) text += 2;
  length = strlen(text);
  if (length == 0) wrong(option, "an empty seed");
  if (length % 2 != 0 || length > 512 || strspn(text, "0123456789abcdefABCDEF") != length)
    wrong(option, "pairs of hexadecimal digits, 256 at most, or none");
  for (index = 0; index < length / 2; index++) sscanf(text + 2 * index, "%2hhx", &bytes[index]);
  return length / 2;
}

static void read_option(struct request *request, const char *option, char *value) {
  dtfix_plan_options *options = &request->options;
  if (is(option, "--kernel")) add(request, DTFIX_FILE_KERNEL, value, value);
  else if (is(option, "--initrd")) add(request, DTFIX_FILE_INITRD, value, value);
  else if (is(option, "--dtb")) add(request, DTFIX_FILE_TREE, value, value);
  else if (is(option, "--overlay")) add(request, DTFIX_FILE_OVERLAY, value, value);
  else if (is(option, "--extra")) add_extra(request, value);
  else if (is(option, "--command-line")) add_command_line(request, value);
  else if (is(option, "--append")) options->append = value;
  else if (is(option, "--call")) read_call(options, value);
  else if (is(option, "--kaslr-seed") && is(value, "none")) options->flags |= DTFIX_NO_KASLR_SEED;
  else if (is(option, "--rng-seed") && is(value, "none")) options->flags |= DTFIX_NO_RNG_SEED;
  else if (is(option, "--kaslr-seed"))
    options->kaslr_seed_size = read_seed(option, value, request->kaslr_seed), options->kaslr_seed = request->kaslr_seed;
  else if (is(option, "--rng-seed"))
    options->rng_seed_size = read_seed(option, value, request->rng_seed), options->rng_seed = request->rng_seed;
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
  int index, result;
  if (count < 2) wrong("no command", "load, load-crash, capture or check");
  if (is(words[1], "--help")) return fputs(help, stdout) < 0;
  while (!is(words[1], command->name))
    if (++command == commands + 4) wrong(words[1], "load, load-crash, capture or check");
  if (is(command->name, "load-crash")) request.options.purpose = DTFIX_FOR_CRASH;
  try(dtfix_file_set_new(&request.files, &error));
  for (index = 2; index < count; index++) {
    char *word = words[index];
    if (is(word, "--really")) request.really = 1;
    else if (is(word, "--ima")) request.options.flags |= DTFIX_MEASUREMENTS;
    else if (word[0] != '-' && command->run == check && request.checked == NULL) request.checked = word;
    else if (word[0] != '-' && command->run == check) wrong("check", "one file");
    else if (index + 1 == count) wrong(word, "needs a value, or is no option");
    else read_option(&request, word, words[++index]);
  }
  if (request.really && request.root != NULL) wrong("--really", "nothing is done to the machine of --root");
  if (command->run == capture && request.output == NULL) wrong("capture", "-o says where to");
  if (command->run == check && request.checked == NULL) wrong("check", "one file");
  result = command->run(&request);
  dtfix_file_set_free(&request.files);
  return result;
}
