/* Golden cases: a small set that is always here, and the whole kit where it is present. */
#include "unit/tokenizer/golden.h"

#include "unit/support/check.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIT AP_TEST_SHARED_DIR "/tokenizers"

/* What all tokenizers of a folder came to. */
typedef struct totals {
    size_t n_tokenizers, n_whole; /* Whole: every case passed. */
    size_t n_cases, n_passed;
} totals;

static int is_golden(const struct dirent *entry) { return strstr(entry->d_name, ".jsonl") != NULL; }

static void run_one(totals *sum, const char *folder, const char *name) {
    golden_report report;
    assert_int_equal(0, golden_run(&report, folder, name));
    bool is_whole = !report.load_status && report.n_cases && report.n_passed == report.n_cases;
    sum->n_tokenizers++;
    sum->n_whole += is_whole;
    sum->n_cases += report.n_cases;
    sum->n_passed += report.n_passed;
    if (!is_whole)
        print_message("%s: %zu of %zu cases; %s\n", name, report.n_passed, report.n_cases,
                      report.first_failure);
}

static totals run_folder(const char *folder) {
    char path[1024];
    struct dirent **entries = NULL;
    totals sum = {0};
    snprintf(path, sizeof path, "%s/goldens", folder);
    int n = scandir(path, &entries, is_golden, alphasort);
    for (int i = 0; i < n; i++) {
        char name[256];
        snprintf(name, sizeof name, "%s", entries[i]->d_name);
        *strstr(name, ".jsonl") = '\0';
        run_one(&sum, folder, name);
        free(entries[i]);
    }
    free(entries);
    if (n > 0)
        print_message("%zu of %zu tokenizers, %zu of %zu cases\n", sum.n_whole, sum.n_tokenizers,
                      sum.n_passed, sum.n_cases);
    return sum;
}

void test_small_set(void **state) {
    (void)state;
    totals sum = run_folder(AP_TEST_DATA_DIR "/tokenizers");
    assert_true(sum.n_tokenizers >= 100 && sum.n_cases >= 2000); /* The set itself is here. */
    assert_int_equal(sum.n_whole, sum.n_tokenizers);
}

void test_whole_kit(void **state) {
    (void)state;
    totals sum = run_folder(KIT);
    if (!sum.n_tokenizers) skip();
    assert_int_equal(sum.n_whole, sum.n_tokenizers);
}
