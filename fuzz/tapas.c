/* The TAPAS tokenizer: its files, and tables and questions of any text. The input is parts with NULs between
 * them: vocab.txt, tokenizer_config.json, the question, then the cells of a table with two columns. */
#include "tokenizer/tapas/tapas.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { PARTS_MAX = 24, COLUMNS = 2 };

static void check(int holds) {
    if (!holds) abort();
}

static void check_encoding(const ap__tapas_encoding *encoding, const ap__table *table,
                           const ap__tapas *tapas) {
    const ap__tokenizer_config *config = ap__tapas_get_config(tapas);
    check(encoding->n >= 2 && encoding->ids[0] == config->cls_token_id);
    for (size_t i = 0; i < encoding->n; i++) {
        const uint32_t *types = encoding->types[i];
        check(types[AP__TAPAS_SEGMENT] <= 1 && types[AP__TAPAS_COLUMN] <= COLUMNS);
        check(types[AP__TAPAS_ROW] <= table->n_rows && types[AP__TAPAS_RELATION] <= 7);
        check(types[AP__TAPAS_COLUMN_RANK] <= table->n_rows &&
              types[AP__TAPAS_INVERSE_RANK] <= table->n_rows);
        check(!types[AP__TAPAS_COLUMN_RANK] == !types[AP__TAPAS_INVERSE_RANK]);
    }
}

static void encode(const ap__tapas *tapas, ap__text question, const ap__text *cells, size_t n_cells) {
    ap__text header[COLUMNS] = {{"a", 1}, {"May 2008", 8}};
    ap__table table = {n_cells / COLUMNS, COLUMNS, header, cells};
    ap__tapas_table *read = NULL;
    if (ap__tapas_table_create(&read, tapas, &table, NULL)) return;
    for (int drop_rows = 0; drop_rows < 2; drop_rows++) {
        ap__tapas_encoding encoding;
        if (!ap__tapas_encode(&encoding, read, question, drop_rows, NULL))
            check_encoding(&encoding, &table, tapas);
        ap__tapas_encoding_clear(&encoding);
    }
    ap__tapas_table_destroy(read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ap__text parts[PARTS_MAX] = {{NULL, 0}};
    size_t n = 0;
    char *text = malloc(size + 1);
    check(text != NULL);
    if (size) memcpy(text, data, size);
    text[size] = '\0';
    for (size_t at = 0; at <= size && n < PARTS_MAX; at += parts[n - 1].len + 1) {
        parts[n] = (ap__text){text + at, strlen(text + at)};
        n++;
    }
    ap_error err = AP_ERROR_INIT;
    ap__tapas *tapas = NULL;
    ap__tapas_files files = {parts[0].ptr, parts[0].len, n > 1 && parts[1].len ? parts[1].ptr : NULL,
                             NULL,         NULL,         "fuzz"};
    ap_status status = ap__tapas_create(&tapas, &files, &err);
    if (status)
        check(!tapas && err.status == status &&
              ap__utf8_valid_len(err.message, strlen(err.message)) == strlen(err.message));
    else
        encode(tapas, n > 2 ? parts[2] : (ap__text){"", 0}, n > 3 ? parts + 3 : parts, n > 3 ? n - 3 : 0);
    ap__tapas_destroy(tapas);
    free(text);
    return 0;
}
