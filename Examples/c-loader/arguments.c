/* SPDX-License-Identifier: Apache-2.0 */
#include "loader.h"

#include <stdio.h>
#include <string.h>

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

static int wrong(const char *option, const char *why) {
  return failed(DTFIX_E_USAGE, "%s: %s\nsee c-loader --help", option, why);
}

static int digit(char character) {
  static const char digits[] = "0123456789abcdefABCDEF";
  const char *place = character == '\0' ? NULL : strchr(digits, character);
  const int value = place == NULL ? -1 : (int)(place - digits);
  return value < 16 ? value : value - 6;
}

/* A seed as dtfix takes it: hexadecimal digits, after 0x or not; or no seed. */
static int read_seed(
    struct arguments *arguments, const char *option, const char *text, struct seed *seed,
    uint32_t none) {
  if (strcmp(text, "none") == 0) {
    arguments->flags |= none;
    return 0;
  }
  if (strncmp(text, "0x", 2) == 0) text += 2;
  for (seed->size = 0; *text != '\0'; text += 2, seed->size++) {
    const int high = digit(text[0]), low = high < 0 ? -1 : digit(text[1]);
    if (low < 0 || seed->size == sizeof seed->bytes)
      return wrong(option, "pairs of hexadecimal digits, 256 at most, or none");
    seed->bytes[seed->size] = (unsigned char)(high << 4 | low);
  }
  return seed->size > 0 ? 0 : wrong(option, "an empty seed");
}

static int add(struct arguments *arguments, uint32_t type, const char *name, const char *path) {
  struct named_file *file = &arguments->files[arguments->file_count];
  if (arguments->file_count == MOST_FILES) return wrong(path, "too many files");
  file->type = type;
  file->name = name;
  file->path = path;
  arguments->file_count++;
  return 0;
}

/* NAME=FILE; the word is cut in two. */
static int add_extra(struct arguments *arguments, char *value) {
  char *equals = strchr(value, '=');
  if (equals == NULL) return wrong("--extra", "NAME=FILE");
  *equals = '\0';
  return add(arguments, DTFIX_FILE_EXTRA, value, equals + 1);
}

static int read_call(struct arguments *arguments, const char *value) {
  arguments->call = strcmp(value, "kexec_load") == 0        ? DTFIX_CALL_KEXEC_LOAD
                    : strcmp(value, "kexec_file_load") == 0 ? DTFIX_CALL_KEXEC_FILE_LOAD
                                                            : DTFIX_CALL_ANY;
  return arguments->call != DTFIX_CALL_ANY ? 0 : wrong("--call", "kexec_load or kexec_file_load");
}

static int read_option(struct arguments *arguments, const char *option, char *value) {
  if (strcmp(option, "--kernel") == 0) return add(arguments, DTFIX_FILE_KERNEL, value, value);
  if (strcmp(option, "--initrd") == 0) return add(arguments, DTFIX_FILE_INITRD, value, value);
  if (strcmp(option, "--dtb") == 0) return add(arguments, DTFIX_FILE_TREE, value, value);
  if (strcmp(option, "--overlay") == 0) return add(arguments, DTFIX_FILE_OVERLAY, value, value);
  if (strcmp(option, "--extra") == 0) return add_extra(arguments, value);
  if (strcmp(option, "--call") == 0) return read_call(arguments, value);
  if (strcmp(option, "--kaslr-seed") == 0)
    return read_seed(arguments, option, value, &arguments->kaslr_seed, DTFIX_NO_KASLR_SEED);
  if (strcmp(option, "--rng-seed") == 0)
    return read_seed(arguments, option, value, &arguments->rng_seed, DTFIX_NO_RNG_SEED);
  if (strcmp(option, "--command-line") == 0) return arguments->command_line = value, 0;
  if (strcmp(option, "--append") == 0) return arguments->append = value, 0;
  if (strcmp(option, "--root") == 0) return arguments->root = value, 0;
  if (strcmp(option, "-o") == 0) return arguments->output = value, 0;
  return wrong(option, "no such option");
}

static int read_command(const char *word, struct arguments *arguments) {
  static const char *const commands[] = {"load", "load-crash", "capture", "check"};
  int index;
  for (index = 0; index < 4; index++)
    if (strcmp(word, commands[index]) == 0) return arguments->command = (enum command)index, 0;
  return wrong(word, "load, load-crash, capture or check");
}

/* A captured machine cannot be loaded into. */
static int check_arguments(const struct arguments *arguments) {
  if (arguments->really && arguments->root != NULL)
    return wrong("--really", "nothing is done to the machine of --root");
  if (arguments->command == CAPTURE && arguments->output == NULL)
    return wrong("capture", "-o says where to");
  if (arguments->command == CHECK && arguments->file_count != 1) return wrong("check", "one file");
  return 0;
}

int read_arguments(int count, char **words, struct arguments *arguments) {
  int index, result;
  memset(arguments, 0, sizeof *arguments);
  if (count < 2) return wrong("no command", "load, load-crash, capture or check");
  if (strcmp(words[1], "--help") == 0) return fputs(help, stdout), -1;
  result = read_command(words[1], arguments);
  for (index = 2; index < count && result == 0; index++) {
    char *word = words[index];
    if (strcmp(word, "--really") == 0)
      arguments->really = true;
    else if (strcmp(word, "--ima") == 0)
      arguments->flags |= DTFIX_MEASUREMENTS;
    else if (word[0] != '-' && arguments->command == CHECK)
      result = add(arguments, 0, word, word);
    else if (index + 1 == count)
      result = wrong(word, "needs a value, or is no option");
    else
      result = read_option(arguments, word, words[++index]);
  }
  return result == 0 ? check_arguments(arguments) : result;
}
