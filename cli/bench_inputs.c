/* A task takes a text, unless the table below says what else. */
#include "bench_inputs.h"

#include "text.h"

#include <stdbool.h>
#include <string.h>

static const char *const WORDS[] = {
    "the",     "old",    "house",   "stood",  "near",  "a",       "river",  "and",    "nobody", "knew",
    "who",     "had",    "built",   "it",     "after", "long",    "winter", "people", "came",   "to",
    "see",     "what",   "was",     "left",   "of",    "garden",  "some",   "said",   "that",   "light",
    "moved",   "behind", "its",     "window", "music", "could",   "be",     "heard",  "when",   "rain",
    "fell",    "we",     "walked",  "there",  "every", "morning", "before", "school", "until",  "one",
    "day",     "door",   "opened",  "slowly", "by",    "itself",  "in",     "summer", "they",   "found",
    "letters", "from",   "another", "city"};

enum { N_WORDS = sizeof WORDS / sizeof *WORDS, SHORT_WORDS = 8, GROUP_SIZE = 4, ROW_WORDS = 4 };

/* Source: splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(uint64_t *seed) {
    uint64_t z = *seed += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static size_t random_below(bench_maker *maker, size_t n) { return (size_t)(next_random(&maker->seed) % n); }

static void add_words(cli_text *json, bench_maker *maker, size_t n) {
    for (size_t i = 0; i < n; i++)
        cli_text_addf(json, "%s%s", i ? " " : "", WORDS[random_below(maker, N_WORDS)]);
}

/* How long a text is that should have `n` words: lengths differ as they do in life, or nothing would be
 * padded. */
static size_t some_length(bench_maker *maker, size_t n) {
    size_t least = n / 2 ? n / 2 : 1;
    return least + random_below(maker, n + 1);
}

static void add_text(cli_text *json, bench_maker *maker, size_t n) {
    cli_text_addf(json, "\"");
    add_words(json, maker, some_length(maker, n));
    cli_text_addf(json, "\"");
}

static void add_texts(cli_text *json, bench_maker *maker, size_t n) {
    cli_text_addf(json, "[");
    for (size_t i = 0; i < GROUP_SIZE; i++) {
        cli_text_addf(json, "%s", i ? ", " : "");
        add_text(json, maker, n);
    }
    cli_text_addf(json, "]");
}

/* -- by task ------------------------------------------------------------------------------------------- */

static void make_masked(cli_text *json, bench_maker *maker, size_t n) {
    size_t length = some_length(maker, n), at = random_below(maker, length);
    cli_text_addf(json, "\"");
    add_words(json, maker, at);
    cli_text_addf(json, " %s ", maker->mask_token ? maker->mask_token : "[MASK]");
    add_words(json, maker, length - at - 1);
    cli_text_addf(json, "\"");
}

static void make_question(cli_text *json, bench_maker *maker, size_t n) {
    cli_text_addf(json, "{\"question\": \"");
    add_words(json, maker, SHORT_WORDS);
    cli_text_addf(json, "\", \"context\": ");
    add_text(json, maker, n);
    cli_text_addf(json, "}");
}

static void make_query(cli_text *json, bench_maker *maker, size_t n) {
    cli_text_addf(json, "{\"query\": \"");
    add_words(json, maker, SHORT_WORDS);
    cli_text_addf(json, "\", \"documents\": ");
    add_texts(json, maker, n);
    cli_text_addf(json, "}");
}

static void make_sentences(cli_text *json, bench_maker *maker, size_t n) {
    cli_text_addf(json, "{\"source_sentence\": ");
    add_text(json, maker, n);
    cli_text_addf(json, ", \"sentences\": ");
    add_texts(json, maker, n);
    cli_text_addf(json, "}");
}

/* Rows of a name and a number, so many that the cells have the words. */
static void make_table(cli_text *json, bench_maker *maker, size_t n) {
    size_t n_rows = some_length(maker, n) / ROW_WORDS + 1;
    cli_text_addf(json, "{\"query\": \"");
    add_words(json, maker, SHORT_WORDS);
    cli_text_addf(json, "\", \"table\": [");
    for (size_t i = 0; i < n_rows; i++) {
        cli_text_addf(json, "%s{\"name\": \"", i ? ", " : "");
        add_words(json, maker, ROW_WORDS - 1);
        cli_text_addf(json, "\", \"number\": \"%zu\"}", random_below(maker, 10000));
    }
    cli_text_addf(json, "]}");
}

/* Words in lines on a page, whose boxes are in thousandths of it. */
static void make_page(cli_text *json, bench_maker *maker, size_t n) {
    enum { PER_LINE = 12, WIDTH = 80, HEIGHT = 20 };
    size_t length = some_length(maker, n);
    cli_text_addf(json, "{\"image\": null, \"question\": \"");
    add_words(json, maker, SHORT_WORDS);
    cli_text_addf(json, "\", \"word_boxes\": [");
    for (size_t i = 0; i < length; i++) {
        size_t x = i % PER_LINE * WIDTH, y = i / PER_LINE * HEIGHT % (1000 - HEIGHT);
        cli_text_addf(json, "%s[\"%s\", [%zu, %zu, %zu, %zu]]", i ? ", " : "",
                      WORDS[random_below(maker, N_WORDS)], x, y, x + WIDTH - 5, y + HEIGHT - 5);
    }
    cli_text_addf(json, "]}");
}

static const char LABELS[] = "{\"candidate_labels\": [\"travel\", \"music\", \"politics\", \"sport\", "
                             "\"science\", \"weather\", \"food\", "
                             "\"history\", \"health\", \"money\"]}";

static const struct {
    const char *task;
    void (*make)(cli_text *json, bench_maker *maker, size_t n_words);
    const char *params; /* NULL: it can be called without any. */
} TASKS[] = {
    {"fill-mask", make_masked, NULL},
    {"question-answering", make_question, NULL},
    {"document-question-answering", make_page, NULL},
    {"table-question-answering", make_table, NULL},
    {"text-ranking", make_query, NULL},
    {"sentence-similarity", make_sentences, NULL},
    {"zero-shot-classification", add_text, LABELS},
};

enum { N_TASKS = sizeof TASKS / sizeof *TASKS };

static size_t find(const char *task) {
    size_t i = 0;
    while (i < N_TASKS && strcmp(TASKS[i].task, task) != 0) i++;
    return i;
}

ap_status bench_input_make(ap_value **out, bench_maker *maker, size_t n_words, ap_error *err) {
    cli_text json = {0};
    size_t row = find(maker->task);
    if (row < N_TASKS)
        TASKS[row].make(&json, maker, n_words);
    else
        add_text(&json, maker, n_words);
    ap_status status = ap_value_from_json(out, json.ptr, json.len, err);
    cli_text_clear(&json);
    return status;
}

ap_status bench_params_make(ap_value **out, const char *task, ap_error *err) {
    size_t row = find(task);
    *out = NULL;
    if (row == N_TASKS || !TASKS[row].params) return AP_OK;
    return ap_value_from_json(out, TASKS[row].params, AP_NUL_TERMINATED, err);
}
