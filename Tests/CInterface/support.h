/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs here share: expectations, calls that must be refused, and one handle of each type. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <dtfix.h>
#include <stdbool.h>

/* ---- Expectations ---- */

/* Says what is not as it should be; the program goes on, and fails at its end. */
void expect_that(bool is_so, const char *what, const char *file, int line);
#define EXPECT(condition) expect_that((condition), #condition, __FILE__, __LINE__)
/* The exit code of main. */
int exit_code(void);

/* ---- Calls that must be refused ---- */

/* Where a call in a list leaves its error, or NULL. */
extern dtfix_error **error_place;
#define E error_place
/* The call that is made. */
extern const char *call_text;

/* A list of calls is a function that makes the one of a number, and returns NO_SUCH_CALL behind the last. */
#define NO_SUCH_CALL 1000
#define CALL(call) \
  if (number-- == 0) { \
    call_text = #call; \
    return (call); \
  }
typedef int call_list(int number, void *handle);

/* Makes all calls of a list, with and without a place for an error; each has to fail with -code (or -other), to give a
   message, and to leave all of `out` as it was. */
void expect_refusals(call_list *calls, void *handle, int code, int other);

/* A handle of each type, but for errors. */
#define HANDLES \
  dtfix_buffer *buffer; \
  dtfix_report *report; \
  dtfix_tree *tree; \
  dtfix_machine *machine; \
  dtfix_image *image; \
  dtfix_file_set *files; \
  dtfix_plan *plan;
/* The structs that calls read. */
#define READ_STRUCTS \
  dtfix_handover handover; \
  dtfix_elfcorehdr_facts facts; \
  dtfix_file file; \
  dtfix_plan_options options;
/* The structs with a size that calls fill in. */
#define FILLED_STRUCTS \
  dtfix_change change; \
  dtfix_finding finding; \
  dtfix_machine_status status; \
  dtfix_image_info image_info; \
  dtfix_plan_info plan_info; \
  dtfix_segment segment;

/* Where calls that must be refused would put their results. */
struct out {
  HANDLES
  FILLED_STRUCTS
};
extern struct out out;

/* ---- Handles and structs that are good ---- */

struct good {
  dtfix_error *error;
  HANDLES
  /* Filled in as far as their size. */
  READ_STRUCTS
  dtfix_edit edit;
};
extern struct good good;
/* Makes them of a captured machine. */
void make_good(const char *root);
void free_good(void);

/* A kernel that arm64 takes: a header, and nothing to run. */
enum { KERNEL_SIZE = 10000 };
extern unsigned char kernel[KERNEL_SIZE];
extern const unsigned char seed[8];

/* Each file of the program has one of these. */
void test_handles(void);
void test_nulls(void);
void test_sizes(void);
void test_versions(void);
void test_texts(void);
void test_files(const char *folder);
void test_uses(const char *folder);

#endif
