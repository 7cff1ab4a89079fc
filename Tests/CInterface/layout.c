/* SPDX-License-Identifier: Apache-2.0 */
/* Prints where the members of every struct of dtfix.h are, to be compared with layout.txt. */
#include <dtfix.h>
#include <stdio.h>

/* Where the next member has to begin, if nothing is left out here and nothing hidden there. */
static size_t next;
static int holes;

static void line(const char *name, size_t offset, size_t size) {
  if (offset != next) {
    fprintf(stderr, "layout: %s: a hole, or a member that is not listed, before it\n", name);
    holes = 1;
  }
  next = offset + size;
  printf("  %3zu %-28s %zu\n", offset, name, size);
}

#define BEGIN(type) printf("%s %zu\n", #type, sizeof(type)), next = 0
#define MEMBER(type, member) line(#member, offsetof(type, member), sizeof(((type *)0)->member))
#define END(type) next == sizeof(type) ? (void)0 : line("the end", sizeof(type), 0)

int main(void) {
  BEGIN(dtfix_range);
  MEMBER(dtfix_range, start);
  MEMBER(dtfix_range, size);
  END(dtfix_range);

  BEGIN(dtfix_change);
  MEMBER(dtfix_change, struct_size);
  MEMBER(dtfix_change, action);
  MEMBER(dtfix_change, subject);
  MEMBER(dtfix_change, unused);
  MEMBER(dtfix_change, node);
  MEMBER(dtfix_change, property);
  MEMBER(dtfix_change, from);
  MEMBER(dtfix_change, to);
  MEMBER(dtfix_change, reason);
  MEMBER(dtfix_change, rule);
  END(dtfix_change);

  BEGIN(dtfix_finding);
  MEMBER(dtfix_finding, struct_size);
  MEMBER(dtfix_finding, unused);
  MEMBER(dtfix_finding, place);
  MEMBER(dtfix_finding, text);
  MEMBER(dtfix_finding, rule);
  END(dtfix_finding);

  BEGIN(dtfix_edit);
  MEMBER(dtfix_edit, kind);
  MEMBER(dtfix_edit, unused);
  MEMBER(dtfix_edit, text);
  MEMBER(dtfix_edit, bytes);
  MEMBER(dtfix_edit, size);
  MEMBER(dtfix_edit, name);
  END(dtfix_edit);

  BEGIN(dtfix_machine_status);
  MEMBER(dtfix_machine_status, struct_size);
  MEMBER(dtfix_machine_status, is_loaded);
  MEMBER(dtfix_machine_status, is_crash_loaded);
  MEMBER(dtfix_machine_status, has_kexec_load);
  MEMBER(dtfix_machine_status, has_kexec_file_load);
  MEMBER(dtfix_machine_status, is_locked_down);
  MEMBER(dtfix_machine_status, is_disabled);
  MEMBER(dtfix_machine_status, unused);
  END(dtfix_machine_status);

  BEGIN(dtfix_input);
  MEMBER(dtfix_input, type);
  MEMBER(dtfix_input, unused);
  MEMBER(dtfix_input, name);
  MEMBER(dtfix_input, range);
  END(dtfix_input);

  BEGIN(dtfix_handover);
  MEMBER(dtfix_handover, struct_size);
  MEMBER(dtfix_handover, purpose);
  MEMBER(dtfix_handover, flags);
  MEMBER(dtfix_handover, unused);
  MEMBER(dtfix_handover, architecture);
  MEMBER(dtfix_handover, command_line);
  MEMBER(dtfix_handover, append);
  MEMBER(dtfix_handover, inputs);
  MEMBER(dtfix_handover, input_count);
  MEMBER(dtfix_handover, usable_memory);
  MEMBER(dtfix_handover, usable_memory_count);
  MEMBER(dtfix_handover, reservations);
  MEMBER(dtfix_handover, reservation_count);
  MEMBER(dtfix_handover, kaslr_seed);
  MEMBER(dtfix_handover, kaslr_seed_size);
  MEMBER(dtfix_handover, rng_seed);
  MEMBER(dtfix_handover, rng_seed_size);
  END(dtfix_handover);

  BEGIN(dtfix_elfcorehdr_facts);
  MEMBER(dtfix_elfcorehdr_facts, struct_size);
  MEMBER(dtfix_elfcorehdr_facts, unused);
  MEMBER(dtfix_elfcorehdr_facts, architecture);
  MEMBER(dtfix_elfcorehdr_facts, ram);
  MEMBER(dtfix_elfcorehdr_facts, ram_count);
  MEMBER(dtfix_elfcorehdr_facts, excluded);
  MEMBER(dtfix_elfcorehdr_facts, excluded_count);
  MEMBER(dtfix_elfcorehdr_facts, cpu_notes);
  MEMBER(dtfix_elfcorehdr_facts, cpu_note_count);
  MEMBER(dtfix_elfcorehdr_facts, vmcoreinfo);
  MEMBER(dtfix_elfcorehdr_facts, kernel_text);
  MEMBER(dtfix_elfcorehdr_facts, kernel_text_address);
  MEMBER(dtfix_elfcorehdr_facts, linear_map);
  MEMBER(dtfix_elfcorehdr_facts, backup);
  MEMBER(dtfix_elfcorehdr_facts, has_linear_map);
  MEMBER(dtfix_elfcorehdr_facts, has_backup);
  END(dtfix_elfcorehdr_facts);

  BEGIN(dtfix_image_info);
  MEMBER(dtfix_image_info, struct_size);
  MEMBER(dtfix_image_info, is_packed);
  MEMBER(dtfix_image_info, architecture);
  MEMBER(dtfix_image_info, layers);
  MEMBER(dtfix_image_info, kernel);
  MEMBER(dtfix_image_info, kernel_size);
  MEMBER(dtfix_image_info, memory_size);
  MEMBER(dtfix_image_info, alignment);
  MEMBER(dtfix_image_info, entry);
  MEMBER(dtfix_image_info, initrd);
  MEMBER(dtfix_image_info, initrd_size);
  MEMBER(dtfix_image_info, command_line);
  END(dtfix_image_info);

  BEGIN(dtfix_file);
  MEMBER(dtfix_file, struct_size);
  MEMBER(dtfix_file, type);
  MEMBER(dtfix_file, name);
  MEMBER(dtfix_file, bytes);
  MEMBER(dtfix_file, size);
  MEMBER(dtfix_file, fd);
  MEMBER(dtfix_file, has_fd);
  END(dtfix_file);

  BEGIN(dtfix_plan_options);
  MEMBER(dtfix_plan_options, struct_size);
  MEMBER(dtfix_plan_options, purpose);
  MEMBER(dtfix_plan_options, flags);
  MEMBER(dtfix_plan_options, call);
  MEMBER(dtfix_plan_options, tree_origin);
  MEMBER(dtfix_plan_options, profile);
  MEMBER(dtfix_plan_options, status);
  MEMBER(dtfix_plan_options, architecture);
  MEMBER(dtfix_plan_options, page_size);
  MEMBER(dtfix_plan_options, append);
  MEMBER(dtfix_plan_options, reservations);
  MEMBER(dtfix_plan_options, reservation_count);
  MEMBER(dtfix_plan_options, excluded);
  MEMBER(dtfix_plan_options, excluded_count);
  MEMBER(dtfix_plan_options, kaslr_seed);
  MEMBER(dtfix_plan_options, kaslr_seed_size);
  MEMBER(dtfix_plan_options, rng_seed);
  MEMBER(dtfix_plan_options, rng_seed_size);
  END(dtfix_plan_options);

  BEGIN(dtfix_plan_info);
  MEMBER(dtfix_plan_info, struct_size);
  MEMBER(dtfix_plan_info, purpose);
  MEMBER(dtfix_plan_info, call);
  MEMBER(dtfix_plan_info, unused);
  MEMBER(dtfix_plan_info, reason);
  MEMBER(dtfix_plan_info, architecture);
  MEMBER(dtfix_plan_info, entry);
  MEMBER(dtfix_plan_info, flags);
  MEMBER(dtfix_plan_info, segment_count);
  MEMBER(dtfix_plan_info, kernel);
  MEMBER(dtfix_plan_info, kernel_size);
  MEMBER(dtfix_plan_info, initrd);
  MEMBER(dtfix_plan_info, initrd_size);
  MEMBER(dtfix_plan_info, command_line);
  MEMBER(dtfix_plan_info, command_line_size);
  END(dtfix_plan_info);

  BEGIN(dtfix_segment);
  MEMBER(dtfix_segment, struct_size);
  MEMBER(dtfix_segment, unused);
  MEMBER(dtfix_segment, name);
  MEMBER(dtfix_segment, bytes);
  MEMBER(dtfix_segment, size);
  MEMBER(dtfix_segment, memory);
  END(dtfix_segment);
  return holes;
}
