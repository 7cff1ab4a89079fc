/* SPDX-License-Identifier: Apache-2.0 */
/* load and load-crash: files in, a plan out, shown, written and loaded. */
#include "loader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int collect(const struct arguments *arguments, dtfix_file_set *files) {
  size_t index;
  int result = 0;
  for (index = 0; index < arguments->file_count && result == 0; index++)
    result = add_file(files, &arguments->files[index]);
  if (result == 0 && arguments->command_line != NULL) {
    dtfix_error *error = NULL;
    dtfix_file line;
    memset(&line, 0, sizeof line);
    line.struct_size = sizeof line;
    line.type = DTFIX_FILE_COMMAND_LINE;
    line.name = "--command-line";
    line.bytes = arguments->command_line;
    line.size = strlen(arguments->command_line);
    if (dtfix_file_set_add(files, &line, &error) != 0) result = failed_by(&error);
  }
  return result;
}

static void choose(
    const struct arguments *arguments, const dtfix_machine_status *status,
    dtfix_plan_options *options) {
  memset(options, 0, sizeof *options);
  options->struct_size = sizeof *options;
  options->purpose = arguments->command == LOAD_CRASH ? DTFIX_FOR_CRASH : DTFIX_FOR_KEXEC;
  options->flags = arguments->flags;
  options->call = arguments->call;
  options->status = status;
  options->append = arguments->append;
  if (arguments->kaslr_seed.size > 0) {
    options->kaslr_seed = arguments->kaslr_seed.bytes;
    options->kaslr_seed_size = arguments->kaslr_seed.size;
  }
  if (arguments->rng_seed.size > 0) {
    options->rng_seed = arguments->rng_seed.bytes;
    options->rng_seed_size = arguments->rng_seed.size;
  }
}

static int show_report(const dtfix_report *report) {
  dtfix_buffer *text = NULL;
  dtfix_error *error = NULL;
  if (dtfix_report_text(report, &text, &error) != 0) return failed_by(&error);
  print(dtfix_buffer_bytes(text));
  dtfix_buffer_free(&text);
  return 0;
}

static int show_segments(const dtfix_plan *plan, const dtfix_plan_info *info) {
  dtfix_segment segment;
  dtfix_error *error = NULL;
  size_t index;
  memset(&segment, 0, sizeof segment);
  segment.struct_size = sizeof segment;
  for (index = 0; index < info->segment_count; index++) {
    if (dtfix_plan_segment(plan, index, &segment, &error) != 0) return failed_by(&error);
    printf("segment %-12s 0x%" PRIx64 "+0x%" PRIx64 ", %zu bytes\n", segment.name,
           segment.memory.start, segment.memory.size, segment.size);
  }
  printf("entry 0x%" PRIx64 "\n", info->entry);
  return 0;
}

static void show_files(const dtfix_plan_info *info) {
  printf("kernel %zu bytes\n", info->kernel_size);
  if (info->initrd != NULL) printf("initrd %zu bytes\n", info->initrd_size);
  if (info->command_line != NULL) {
    print("command line ");
    print(info->command_line);
    print("\n");
  }
}

/* The report begins with the call, and why that one. */
static int show(const dtfix_plan *plan, const dtfix_report *report) {
  dtfix_plan_info info;
  dtfix_error *error = NULL;
  int result = show_report(report);
  if (result != 0) return result;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  if (dtfix_plan_info_read(plan, &info, &error) != 0) return failed_by(&error);
  if (info.call == DTFIX_CALL_KEXEC_LOAD) return show_segments(plan, &info);
  show_files(&info);
  return 0;
}

/* Everything is made and checked before anything is shown, shown before it is written, and written before it is loaded. */
static int run(
    const struct arguments *arguments, const dtfix_file_set *files, const dtfix_machine *machine) {
  dtfix_machine_status status;
  dtfix_plan_options options;
  dtfix_plan *plan = NULL;
  dtfix_report *report = NULL;
  dtfix_error *error = NULL;
  int result;
  memset(&status, 0, sizeof status);
  status.struct_size = sizeof status;
  if (dtfix_machine_status_read(machine, &status, &error) != 0) return failed_by(&error);
  if (arguments->root == NULL) ask_kernel(&status);
  choose(arguments, &status, &options);
  if (dtfix_plan_make(files, machine, &options, &plan, &report, &error) != 0)
    return failed_by(&error);
  result = show(plan, report);
  if (result == 0 && arguments->output != NULL) result = write_plan(arguments->output, plan);
  if (result == 0 && arguments->really) result = make_call(plan);
  if (result == 0 && !arguments->really) puts("nothing was loaded");
  dtfix_report_free(&report);
  dtfix_plan_free(&plan);
  return result;
}

int load(const struct arguments *arguments) {
  dtfix_file_set *files = NULL;
  dtfix_machine *machine = NULL;
  dtfix_error *error = NULL;
  int result;
  if (dtfix_file_set_new(&files, &error) != 0 ||
      dtfix_machine_open(arguments->root, &machine, &error) != 0)
    result = failed_by(&error);
  else
    result = collect(arguments, files);
  if (result == 0) result = run(arguments, files, machine);
  dtfix_machine_free(&machine);
  dtfix_file_set_free(&files);
  return result;
}
