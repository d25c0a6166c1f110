/* Folders that someone wrote by hand: choosing the converter, its messages, hostile files, failing
 * allocations. */
#include "tokenizer/convert/convert.h"

#include "base/alloc.h"
#include "tokenizer/tokenizer_impl.h"
#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/torture.h"
#include "unit/tokenizer/convert/folders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A folder with up to three files, as pairs of name and text. */
static void make_folder(ap__path *folder, const char *const files[3][2]) {
    tempdir_create(folder);
    for (int i = 0; i < 3 && files[i][0]; i++) tempdir_write_text(folder, files[i][0], files[i][1]);
}

static void check_refused(const char *const files[3][2], ap_status expected, const char *message) {
    ap__path folder;
    ap_error err = AP_ERROR_INIT;
    ap__tokenizer *tokenizer;
    make_folder(&folder, files);
    assert_fails(ap__tokenizer_load(&tokenizer, folder.text, &err), expected, &err, message);
    assert_null(tokenizer);
    tempdir_remove(&folder);
}

#define REFUSED(status, message, ...)                                                                        \
    check_refused((const char *const[3][2]){__VA_ARGS__}, (status), (message))

/* The unknown piece of a SentencePiece model. */
#define SPM_UNK "\x0A\x09\x0A\x05<unk>\x18\x02"

/* tokenizer_config.json with a class. */
#define OF(name)                                                                                             \
    { "tokenizer_config.json", "{\"tokenizer_class\": \"" name "\"}" }

static uint32_t encode_first(const ap__path *folder, const char *text) {
    ap_error err = AP_ERROR_INIT;
    ap__tokenizer *tokenizer;
    ap__encoding e = {0};
    ap__encode_options options = {0};
    assert_ok(ap__tokenizer_load(&tokenizer, folder->text, &err), &err);
    assert_ok(ap__tokenizer_encode(&e, tokenizer, (ap__text){text, strlen(text)}, NULL, &options, &err),
              &err);
    uint32_t id = e.n ? e.ids[0] : AP__TOKEN_NONE;
    ap__encoding_clear(&e);
    ap__tokenizer_destroy(tokenizer);
    return id;
}

/* -- choosing ------------------------------------------------------------------------------------------ */

void test_messages_say_what_was_looked_for(void **state) {
    (void)state;
    REFUSED(AP_ENOTFOUND, "tokenizer.json: not found; it can be made of other files when",
            {"vocab.txt", "a\n"});
    REFUSED(AP_ENOTFOUND, "(found: vocab.txt)", {"vocab.txt", "a\n"});
    REFUSED(AP_ENOTFOUND, "nor vocab.txt, which a BertTokenizer can be made of (found: none)",
            OF("BertTokenizer"));
    REFUSED(AP_ENOTFOUND,
            "nor vocab.json with merges.txt, which a GPT2Tokenizer can be made of (found: vocab.json)",
            OF("GPT2TokenizerFast"), {"vocab.json", "{}"});
    REFUSED(AP_ENOTFOUND, "a BloomTokenizer cannot be made of other files", OF("BloomTokenizer"),
            {"vocab.json", "{}"});
    REFUSED(AP_ENOTFOUND, "a RoFormerTokenizer cannot be made", OF("RoFormerTokenizer"),
            {"vocab.txt", "a\n"});
}

/* tokenizer.json counts before other files, and the class of the config before that of the model. */
void test_the_order_of_sources(void **state) {
    (void)state;
    static const char JSON[] = "{\"model\": {\"type\": \"WordLevel\", \"vocab\": {\"x\": 7, \"[UNK]\": 0}, "
                               "\"unk_token\": \"[UNK]\"}}";
    ap__path folder;
    make_folder(&folder, (const char *const[3][2]){{"config.json", "{\"model_type\": \"bert\"}"},
                                                   {"vocab.txt", "[UNK]\n[CLS]\n[SEP]\nx\n"}});
    assert_int_equal(encode_first(&folder, "x"), 3);
    tempdir_write_text(&folder, "tokenizer.json", JSON);
    assert_int_equal(encode_first(&folder, "x"), 7);
    tempdir_remove(&folder);
}

/* As in the reference, add_prefix_space makes these classes start from their vocabulary file. */
void test_add_prefix_space_passes_over_tokenizer_json(void **state) {
    (void)state;
    REFUSED(
        AP_ENOTFOUND, "tokenizer_config.json asks a LlamaTokenizer to start from its vocabulary file",
        {"tokenizer_config.json", "{\"tokenizer_class\": \"LlamaTokenizer\", \"add_prefix_space\": true}"},
        {"tokenizer.json", "{}"});
}

/* -- files that are wrong ------------------------------------------------------------------------------ */

void test_vocab_txt(void **state) {
    (void)state;
    ap__path folder;
    make_folder(&folder,
                (const char *const[3][2]){OF("BertTokenizer"), {"vocab.txt", "[UNK]\r\n[CLS]\r[SEP]\nx"}});
    assert_int_equal(encode_first(&folder, "x"), 3);
    tempdir_write(&folder, "vocab.txt", "[UNK]\n[CLS]\n[SEP]\na\0b\nx\n", 25);
    assert_int_equal(encode_first(&folder, "x"), 4);
    tempdir_remove(&folder);
    REFUSED(AP_EUTF8, "vocab.txt", OF("BertTokenizer"), {"vocab.txt", "[UNK]\n\xC3\x28\n"});
    REFUSED(AP_EFORMAT, "needs a cls_token, and there is none",
            {"tokenizer_config.json", "{\"tokenizer_class\": \"BertTokenizer\", \"cls_token\": null}"},
            {"vocab.txt", "[UNK]\n"});
    REFUSED(AP_EFORMAT, "cannot be made with a token \"a b\"",
            {"tokenizer_config.json", "{\"tokenizer_class\": \"BertTokenizer\", \"cls_token\": \"a b\"}"},
            {"vocab.txt", "[UNK]\n"});
    REFUSED(
        AP_EFORMAT, "do_basic_tokenize: expected true, false or null, found a string",
        {"tokenizer_config.json", "{\"tokenizer_class\": \"BertTokenizer\", \"do_basic_tokenize\": \"no\"}"},
        {"vocab.txt", "[UNK]\n"});
}

void test_merges_txt(void **state) {
    (void)state;
    static const char VOCAB[] = "{\"a\": 0, \"b\": 1, \"ab\": 2}";
    ap__path folder;
    make_folder(&folder, (const char *const[3][2]){
                             OF("GPT2Tokenizer"), {"vocab.json", VOCAB}, {"merges.txt", "#version\na b\n"}});
    assert_int_equal(encode_first(&folder, "ab"), 2);
    /* A last line without an end is not read, as in the reference. */
    tempdir_write_text(&folder, "merges.txt", "#version\na b");
    assert_int_equal(encode_first(&folder, "ab"), 0);
    tempdir_remove(&folder);
    REFUSED(AP_EFORMAT, "merges.txt: line 2: expected two symbols", OF("GPT2Tokenizer"),
            {"vocab.json", VOCAB}, {"merges.txt", "#version\na\n"});
    REFUSED(AP_EFORMAT, "merges.txt: line 3: expected two symbols", OF("GPT2Tokenizer"),
            {"vocab.json", VOCAB}, {"merges.txt", "#version\na b\n\n"});
    REFUSED(AP_EUTF8, "merges.txt", OF("GPT2Tokenizer"), {"vocab.json", VOCAB}, {"merges.txt", "\xFF\n"});
    REFUSED(AP_EFORMAT, "vocab.json: token \"b\": expected an id below", OF("GPT2Tokenizer"),
            {"vocab.json", "{\"a\": 0, \"b\": -1}"}, {"merges.txt", "\n"});
    REFUSED(AP_EFORMAT, "vocab.json: expected an object, found a list", OF("GPT2Tokenizer"),
            {"vocab.json", "[]"}, {"merges.txt", "\n"});
    REFUSED(AP_EFORMAT, "vocab.json", OF("GPT2Tokenizer"), {"vocab.json", "{"}, {"merges.txt", "\n"});
    REFUSED(AP_EFORMAT, "merges", OF("GPT2Tokenizer"), {"vocab.json", VOCAB}, {"merges.txt", "\nb c\n"});
}

void test_sentencepiece(void **state) {
    (void)state;
    REFUSED(AP_EFORMAT, "spiece.model: not a SentencePiece model", OF("T5Tokenizer"),
            {"spiece.model", "nonsense"});
    REFUSED(AP_EFORMAT, "spiece.model: the piece \"x\" stands there twice", OF("T5Tokenizer"),
            {"spiece.model", "\x0A\x03\x0A\x01x\x0A\x03\x0A\x01x"});
    REFUSED(AP_EFORMAT, "unk_id is 1000, and there are 101 tokens", OF("T5Tokenizer"),
            {"spiece.model", "\x0A\x03\x0A\x01x\x12\x04\xC0\x02\xE8\x07"});
}

void test_tiktoken(void **state) {
    (void)state;
    ap__path folder;
    make_folder(&folder, (const char *const[3][2]){OF("PreTrainedTokenizerFast"),
                                                   {"tokenizer.model", "YQ== 0\nYg== 1\r\n\nYWI= 7\n"}});
    assert_int_equal(encode_first(&folder, "ab"), 7);
    /* Ranks in any order; of the same token, the last rank counts. */
    tempdir_write_text(&folder, "tokenizer.model", "YWI= 7\nYg== 1\nYQ== 0\nYWI= 9\n");
    assert_int_equal(encode_first(&folder, "ab"), 9);
    tempdir_remove(&folder);
    REFUSED(AP_EFORMAT, "line 2: the token is not base64", OF("PreTrainedTokenizerFast"),
            {"tokenizer.model", "YQ== 0\nY? 1\n"});
    REFUSED(AP_EFORMAT, "line 2: expected a token and its rank", OF("PreTrainedTokenizerFast"),
            {"tokenizer.model", "YQ== 0\nYg==\n"});
    REFUSED(AP_EFORMAT, "line 2: expected a token and its rank", OF("PreTrainedTokenizerFast"),
            {"tokenizer.model", "YQ== 0\nYg== 1 2\n"});
    REFUSED(AP_EFORMAT, "found \"-1\"", OF("PreTrainedTokenizerFast"),
            {"tokenizer.model", "YQ== 0\nYg== -1\n"});
    REFUSED(AP_EFORMAT, "found \"4294967295\"", OF("PreTrainedTokenizerFast"),
            {"tokenizer.model", "YQ== 0\nYg== 4294967295\n"});
}

#define TEKKEN(size, special, vocab)                                                                         \
    {                                                                                                        \
        "tekken.json", "{\"config\": {\"pattern\": \".\", \"default_vocab_size\": " #size                    \
                       ", \"default_num_special_tokens\": " #special "}, \"vocab\": [" vocab "]}"            \
    }
#define A "{\"rank\": 0, \"token_bytes\": \"YQ==\"}"

void test_tekken(void **state) {
    (void)state;
    ap__path folder;
    make_folder(&folder, (const char *const[3][2]){TEKKEN(4, 3, A)});
    assert_int_equal(encode_first(&folder, "a"), 3);
    tempdir_remove(&folder);
    REFUSED(AP_EFORMAT, "tekken.json: vocab: expected 2 tokens, found 1", TEKKEN(5, 3, A));
    REFUSED(AP_EFORMAT, "vocab: expected 0 tokens", TEKKEN(2, 3, A));
    REFUSED(AP_EFORMAT, "vocab[1]: expected the rank 1", TEKKEN(5, 3, A ", " A));
    REFUSED(AP_EFORMAT, "vocab[1]: the token stands there twice",
            TEKKEN(5, 3, A ", {\"rank\": 1, \"token_bytes\": \"YQ==\"}"));
    REFUSED(AP_EFORMAT, "vocab[0]: token_bytes is not base64",
            TEKKEN(4, 3, "{\"rank\": 0, \"token_bytes\": \"?\"}"));
    REFUSED(AP_EFORMAT, "config.default_vocab_size: expected a count", TEKKEN(-1, 3, A));
    REFUSED(AP_EFORMAT, "config.default_num_special_tokens: expected a count of at most",
            TEKKEN(4, 4294967295, A));
    REFUSED(AP_EFORMAT, "config.pattern: expected a string", {"tekken.json", "{}"});
}

/* -- failing allocations ------------------------------------------------------------------------------- */

static ap_status load_once(void *ctx, ap_error *err) {
    ap__tokenizer *tokenizer;
    ap_status status = ap__tokenizer_load(&tokenizer, ctx, err);
    if (status) assert_null(tokenizer);
    ap__tokenizer_destroy(tokenizer);
    return status;
}

/* What only Python runs is refused where it would do something else. */
void test_slow_classes(void **state) {
    (void)state;
#define M2M(settings, model, vocab)                                                                          \
    {"tokenizer_config.json", "{\"tokenizer_class\": \"M2M100Tokenizer\"" settings "}"},                     \
        {"sentencepiece.bpe.model", model}, {"vocab.json", vocab}
#define VOCAB "{\"<unk>\": 0, \"x\": 1, \"</s>\": 2}"
    REFUSED(AP_ENOTFOUND, "not found, nor source.spm with vocab.json with target.spm", OF("MarianTokenizer"));
    REFUSED(AP_EFORMAT, "vocab.json: token \"x\": expected an id", M2M("", SPM_UNK, "{\"x\": -1}"));
    REFUSED(AP_EFORMAT, "vocab.json: expected an object, found", M2M("", SPM_UNK, "[]"));
    REFUSED(AP_EFORMAT, "expected the unk_token \"<unk>\" in it", M2M("", SPM_UNK, "{\"x\": 0}"));
    REFUSED(AP_EFORMAT, "expected one unknown piece, found 0", M2M("", "\x0A\x03\x0A\x01x", VOCAB));
    REFUSED(AP_EFORMAT, "the piece \"x\" stands there twice",
            M2M("", SPM_UNK "\x0A\x03\x0A\x01x\x0A\x03\x0A\x01x", VOCAB));
    REFUSED(AP_EFORMAT, "piece 1 is a byte", M2M("", SPM_UNK "\x0A\x05\x0A\x01x\x18\x06", VOCAB));
    REFUSED(AP_EUNSUPPORTED, "model type 3", M2M("", SPM_UNK "\x12\x02\x18\x03", VOCAB));
    REFUSED(AP_EUNSUPPORTED, "a denormalizer", M2M("", SPM_UNK "\x2A\x03\x12\x01x", VOCAB));
    REFUSED(AP_EUNSUPPORTED, "sp_model_kwargs is not supported",
            M2M(", \"sp_model_kwargs\": {\"enable_sampling\": true}", SPM_UNK, VOCAB));
    REFUSED(AP_EFORMAT, "language_codes: expected \"m2m100\" or \"wmt21\"",
            M2M(", \"language_codes\": \"nllb\"", SPM_UNK, VOCAB));
    REFUSED(AP_EFORMAT, "src_lang: expected the code of a language, found \"xx\"",
            M2M(", \"src_lang\": \"xx\"", SPM_UNK, VOCAB));
    REFUSED(AP_EUNSUPPORTED, "has the flag single_word",
            M2M(", \"added_tokens_decoder\": {\"9\": {\"content\": \"<n>\", \"single_word\": true}}", SPM_UNK,
                VOCAB));
}

/* The same of classes that look up characters, bytes or words. */
void test_slow_characters(void **state) {
    (void)state;
#define CTC(settings, vocab)                                                                                 \
    {"tokenizer_config.json", "{\"tokenizer_class\": \"Wav2Vec2CTCTokenizer\"" settings "}"},                \
        {"vocab.json", vocab}
#define VITS(settings, vocab)                                                                                \
    {"tokenizer_config.json", "{\"tokenizer_class\": \"VitsTokenizer\"" settings "}"}, { "vocab.json", vocab }
#define LETTERS "{\"<unk>\": 0, \"x\": 1, \"</s>\": 2}"
    REFUSED(AP_ENOTFOUND, "not found, nor vocab.json, which a VitsTokenizer", OF("VitsTokenizer"));
    REFUSED(AP_EFORMAT, "vocab.json: token \"eng\": expected an id", CTC("", "{\"eng\": {\"x\": 1}}"));
    REFUSED(AP_EFORMAT, "expected a vocabulary of the target_lang \"deu\"",
            CTC(", \"target_lang\": \"deu\"", "{\"eng\": {\"x\": 1}}"));
    REFUSED(AP_EFORMAT, "do_lower_case: expected true, false or null",
            CTC(", \"do_lower_case\": 1", LETTERS));
    REFUSED(AP_EUNSUPPORTED, "word_delimiter_token: expected a string",
            CTC(", \"word_delimiter_token\": null", LETTERS));
    REFUSED(AP_EUNSUPPORTED, "phonemize: needs the phonemizer package", VITS("", LETTERS));
    REFUSED(AP_EUNSUPPORTED, "is_uroman: needs the uroman package",
            VITS(", \"phonemize\": false, \"is_uroman\": true", LETTERS));
    REFUSED(AP_EFORMAT, "expected a token with the id 0", VITS(", \"phonemize\": false", "{\"x\": 1}"));
    REFUSED(AP_EFORMAT, "the empty token", VITS(", \"phonemize\": false", "{\"x\": 0, \"\": 1}"));
    REFUSED(AP_EUNSUPPORTED, "vocab.txt: line 2: a token with whitespace", OF("EsmTokenizer"),
            {"vocab.txt", "<cls>\nL A\n"});
    REFUSED(AP_EFORMAT, "a special token of the class is null",
            {"tokenizer_config.json", "{\"tokenizer_class\": \"ByT5Tokenizer\", \"pad_token\": null}"});
    REFUSED(AP_EUNSUPPORTED, "lang_codes is not supported with a Speech2TextTokenizer",
            {"tokenizer_config.json",
             "{\"tokenizer_class\": \"Speech2TextTokenizer\", \"lang_codes\": \"mustc\"}"},
            {"sentencepiece.bpe.model", SPM_UNK}, {"vocab.json", LETTERS});
    REFUSED(AP_EUNSUPPORTED, "normalize is not supported with a SpeechT5Tokenizer",
            {"tokenizer_config.json", "{\"tokenizer_class\": \"SpeechT5Tokenizer\", \"normalize\": true}"},
            {"spm_char.model", SPM_UNK});
    REFUSED(AP_EFORMAT, "expected 5 tokens <extra_id_...>, as extra_ids says, found 1",
            {"tokenizer_config.json", "{\"tokenizer_class\": \"ByT5Tokenizer\", \"extra_ids\": 5, "
                                      "\"additional_special_tokens\": [\"<extra_id_0>\"]}"});
}

/* Classes with reserved ids, and those that merge the characters of words. */
void test_slow_words(void **state) {
    (void)state;
#define ENTITIES {"entity_vocab.json", "{\"[UNK]\": 0, \"[PAD]\": 1, \"[MASK]\": 2}"}
#define PHOBERT(settings, vocab)                                                                             \
    {"tokenizer_config.json", "{\"tokenizer_class\": \"PhobertTokenizer\"" settings "}"},                    \
        {"vocab.txt", vocab}, {                                                                              \
        "bpe.codes", "a b 1\n"                                                                               \
    }
    REFUSED(AP_ENOTFOUND, "not found, nor vocab.txt with bpe.codes, which a PhobertTokenizer",
            OF("PhobertTokenizer"));
    REFUSED(AP_EFORMAT, "vocab.txt: line 2: expected a token, a space and its count",
            PHOBERT("", "a 1\nb\n"));
    REFUSED(AP_EUNSUPPORTED, "vocab.txt: line 2: the token \"a\" stands there twice",
            PHOBERT("", "a 1\na 2\n"));
    REFUSED(AP_EUNSUPPORTED, "the special token \"<s>\" for two of bos, pad, eos and unk",
            PHOBERT(", \"pad_token\": \"<s>\"", "a 1\n"));
    REFUSED(
        AP_EUNSUPPORTED, "normalization is not supported with a BertweetTokenizer",
        {"tokenizer_config.json", "{\"tokenizer_class\": \"BertweetTokenizer\", \"normalization\": true}"},
        {"vocab.txt", "a 1\n"}, {"bpe.codes", ""});
    REFUSED(AP_ENOTFOUND, "a XLMTokenizer cannot be made of other files: it cuts words as sacremoses does",
            OF("XLMTokenizer"));
    REFUSED(AP_EFORMAT, "dict.txt: line 1: expected a token", OF("BartphoTokenizer"),
            {"sentencepiece.bpe.model", SPM_UNK}, {"dict.txt", " \n"});
    REFUSED(AP_EFORMAT, "entity_vocab.json: expected the entity_mask2_token \"[MASK2]\" in it",
            OF("MLukeTokenizer"), {"sentencepiece.bpe.model", SPM_UNK}, ENTITIES);
    REFUSED(AP_EUNSUPPORTED, "task is not supported with a MLukeTokenizer",
            {"tokenizer_config.json",
             "{\"tokenizer_class\": \"MLukeTokenizer\", \"task\": \"entity_classification\"}"},
            {"sentencepiece.bpe.model", SPM_UNK}, ENTITIES);
    REFUSED(
        AP_EFORMAT, "language_codes: expected \"base\" or \"multi\"",
        {"tokenizer_config.json", "{\"tokenizer_class\": \"PLBartTokenizer\", \"language_codes\": \"x\"}"},
        {"sentencepiece.bpe.model", SPM_UNK "\x0A\x03\x0A\x01x\x0A\x03\x0A\x01y"});
    REFUSED(AP_EUNSUPPORTED, "expected the unknown piece first", OF("PLBartTokenizer"),
            {"sentencepiece.bpe.model", "\x0A\x03\x0A\x01x" SPM_UNK "\x0A\x03\x0A\x01y"});
    REFUSED(AP_EUNSUPPORTED, "1 pieces are too few for a XLMProphetNetTokenizer",
            OF("XLMProphetNetTokenizer"), {"prophetnet.tokenizer", SPM_UNK});
}

/* Of a token that is in the vocabulary and an added one, MPNet's get_vocab() has the id of the vocabulary. */
void test_ids_of_the_vocabulary_last(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__path folder;
    ap__tokenizer *tokenizer;
    ap__encoding e;
    const ap__encode_options options = {.add_special_tokens = true};
    make_folder(&folder,
                (const char *const[3][2]){
                    {"tokenizer_config.json",
                     "{\"tokenizer_class\": \"MPNetTokenizer\", "
                     "\"added_tokens_decoder\": {\"9\": {\"content\": \"<s>\", \"special\": true}}}"},
                    {"vocab.txt", "<s>\n</s>\n[UNK]\nx\n"}});
    assert_ok(ap__tokenizer_load(&tokenizer, folder.text, &err), &err);
    assert_ok(ap__tokenizer_encode(&e, tokenizer, (ap__text){"x", 1}, NULL, &options, &err), &err);
    assert_int_equal(e.n, 3);
    assert_int_equal(e.ids[0], 0);
    ap__encoding_clear(&e);
    ap__tokenizer_destroy(tokenizer);
    tempdir_remove(&folder);
}

#define CTRL_FOLDER                                                                                          \
    OF("CTRLTokenizer"), {"vocab.json", "{\"<unk>\": 0, \"ab@@\": 1, \"aba@@\": 2, \"b@@\": 3, \"x\": 4}"},  \
    {                                                                                                        \
        "merges.txt", "#version: 0.2\nab a\na b\n"                                                           \
    }

/* All places of a pair are merged before what that makes is looked at: here merging one after the other would
 * give aba and b. */
void test_merges_of_python(void **state) {
    (void)state;
    static const uint32_t IDS[] = {1, 1, 4};
    ap_error err = AP_ERROR_INIT;
    ap__path folder;
    ap__tokenizer *tokenizer;
    ap__encoding e;
    make_folder(&folder, (const char *const[3][2]){CTRL_FOLDER});
    assert_ok(ap__tokenizer_load(&tokenizer, folder.text, &err), &err);
    assert_ok(ap__tokenizer_encode(&e, tokenizer, (ap__text){"ababx", 5}, NULL, NULL, &err), &err);
    assert_int_equal(e.n, 3);
    assert_memory_equal(e.ids, IDS, sizeof IDS);
    ap__encoding_clear(&e);
    ap__tokenizer_destroy(tokenizer);
    tempdir_remove(&folder);
}

/* As in the reference, of whatever text that is not empty. */
void test_texts_without_merges(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__path folder;
    ap__tokenizer *tokenizer;
    ap__encoding e;
    make_folder(&folder,
                (const char *const[3][2]){OF("Speech2Text2Tokenizer"), {"vocab.json", "{\"<unk>\": 0}"}});
    assert_ok(ap__tokenizer_load(&tokenizer, folder.text, &err), &err);
    assert_fails(ap__tokenizer_encode(&e, tokenizer, (ap__text){" ", 1}, NULL, NULL, &err), AP_EUNSUPPORTED,
                 &err, "the tokenizer has no merges.txt and can only decode");
    ap__encoding_clear(&e);
    assert_ok(ap__tokenizer_encode(&e, tokenizer, (ap__text){"", 0}, NULL, NULL, &err), &err);
    assert_int_equal(e.n, 0);
    ap__encoding_clear(&e);
    ap__tokenizer_destroy(tokenizer);
    tempdir_remove(&folder);
}

static ap_status encode_and_decode(void *ctx, ap_error *err) {
    const ap__encode_options options = {.with_tokens = true};
    ap__encoding e = {0};
    char *text = NULL;
    ap_status status =
        ap__tokenizer_encode(&e, ctx, (ap__text){"ababx <unk> \xC3\xA9y", 15}, NULL, &options, err);
    if (!status) status = ap__tokenizer_decode(&text, NULL, ctx, e.ids, e.n, false, err);
    ap__free(text);
    ap__encoding_clear(&e);
    return status;
}

void test_torture_of_merges(void **state) {
    (void)state;
    ap_error err = AP_ERROR_INIT;
    ap__path folder;
    ap__tokenizer *tokenizer;
    make_folder(&folder, (const char *const[3][2]){CTRL_FOLDER});
    assert_ok(ap__tokenizer_load(&tokenizer, folder.text, &err), &err);
    torture(encode_and_decode, tokenizer);
    ap__tokenizer_destroy(tokenizer);
    tempdir_remove(&folder);
}

#define MYT5(maps)                                                                                           \
    OF("MyT5Tokenizer"), { "byte_maps.json", maps }
#define MYT5_FOLDER                                                                                          \
    MYT5("{\"decompose_map\": {\"41\": \"61 ff\"}, \"merge_map\": {\"61 ff 62\": \"63\", \"79\": \"c3 "      \
         "a9\"}}")

/* Rewritten, and back; an added token parts what is rewritten. */
void test_rewritten_bytes(void **state) {
    (void)state;
    static const uint32_t IDS[] = {0x63 + 3, 2, 0x61 + 3, 0xFF + 3, 1};
    const ap__encode_options options = {.add_special_tokens = true};
    ap_error err = AP_ERROR_INIT;
    ap__path folder;
    ap__tokenizer *tokenizer;
    ap__encoding e;
    char *text;
    make_folder(&folder, (const char *const[3][2]){MYT5_FOLDER});
    assert_ok(ap__tokenizer_load(&tokenizer, folder.text, &err), &err);
    assert_ok(ap__tokenizer_encode(&e, tokenizer, (ap__text){"Ab<unk>A", 8}, NULL, &options, &err), &err);
    assert_int_equal(e.n, 5);
    assert_memory_equal(e.ids, IDS, sizeof IDS);
    assert_int_equal(2, e.offsets_bytes[0].end);
    assert_ok(ap__tokenizer_decode(&text, NULL, tokenizer, e.ids, e.n, true, &err), &err);
    assert_string_equal("AbA", text);
    ap__free(text);
    ap__encoding_clear(&e);
    torture(encode_and_decode, tokenizer);
    ap__tokenizer_destroy(tokenizer);
    tempdir_remove(&folder);
    REFUSED(AP_ENOTFOUND, "not found, nor byte_maps.json", OF("MyT5Tokenizer"));
    REFUSED(AP_EFORMAT, "merge_map: expected an object, found", MYT5("{\"decompose_map\": {}}"));
    REFUSED(AP_EUNSUPPORTED, "decompose_map: entry 0: expected 1 to 64 bytes in lower hexadecimal",
            MYT5("{\"decompose_map\": {\"4A\": \"61\"}, \"merge_map\": {}}"));
    REFUSED(AP_EUNSUPPORTED, "merge_map: entry 1: expected 1 to 64 bytes",
            MYT5("{\"decompose_map\": {}, \"merge_map\": {\"61\": \"62\", \"62\": 7}}"));
}

/* The class is that of the model type; where a file names it, it is the fast one, of tokenizer.json. */
void test_two_classes_of_one_name(void **state) {
    (void)state;
    static const char
        WORDS[] = "{\"__unk__\": 0, \"h@@\": 1, \"i\": 2, \".\": 3, \"'\": 4, \"__newln__\": 5}",
        FAST[] = "{\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true}"
                 ",\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"a\",\"vocab\":{\"a\":7,\"hi\":8}}}";
    static const uint32_t IDS[] = {1, 2, 3, 4, 1, 0, 0};
    ap_error err = AP_ERROR_INIT;
    ap__path folder;
    ap__tokenizer *tokenizer;
    ap__encoding e;
    make_folder(&folder, (const char *const[3][2]){{"config.json", "{\"model_type\": \"blenderbot-small\"}"},
                                                   {"vocab.json", WORDS},
                                                   {"merges.txt", "#version: 0.2\n"}});
    tempdir_write_text(&folder, "tokenizer.json", FAST);
    assert_ok(ap__tokenizer_load(&tokenizer, folder.text, &err), &err);
    assert_ok(ap__tokenizer_encode(&e, tokenizer, (ap__text){"HI.'\nhI\xCE\xA3", 9}, NULL, NULL, &err), &err);
    assert_int_equal(e.n, 7); /* The line end behind an apostrophe is lost. */
    assert_memory_equal(e.ids, IDS, sizeof IDS);
    assert_false(ap__tokenizer_get_config(tokenizer)->has_token_type_ids);
    ap__encoding_clear(&e);
    ap__tokenizer_destroy(tokenizer);
    tempdir_write_text(&folder, "tokenizer_config.json",
                       "{\"tokenizer_class\": \"BlenderbotSmallTokenizer\", \"add_prefix_space\": true}");
    assert_int_equal(8, encode_first(&folder, "hi")); /* It does not hand add_prefix_space on. */
    tempdir_remove(&folder);
}

void test_siglip_needs_a_model_that_drops_whitespace(void **state) {
    (void)state;
    static const char MODEL[] = SPM_UNK "\x1A\x02\x20\0";
    ap_error err = AP_ERROR_INIT;
    ap__path folder;
    ap__tokenizer *tokenizer;
    make_folder(&folder, (const char *const[3][2]){OF("SiglipTokenizer")});
    tempdir_write(&folder, "spiece.model", MODEL, sizeof MODEL - 1);
    assert_fails(ap__tokenizer_load(&tokenizer, folder.text, &err), AP_EUNSUPPORTED, &err,
                 "a model that keeps whitespace is not supported with a SiglipTokenizer");
    tempdir_remove(&folder);
}

/* One folder of each format; vocabularies are small, as every allocation is made to fail once. */
void test_torture(void **state) {
    (void)state;
    static const char *const FOLDERS[][3][2] = {
        {OF("BertTokenizer"), {"vocab.txt", "[UNK]\n[CLS]\n[SEP]\nx\n"}},
        {OF("RobertaTokenizer"),
         {"vocab.json", "{\"a\": 0, \"b\": 1, \"ab\": 2}"},
         {"merges.txt", "\na b\n"}},
        {{"tokenizer_config.json",
          "{\"tokenizer_class\": \"XGLMTokenizer\", \"added_tokens_decoder\": {\"9\": "
          "{\"content\": \"<new>\"}}}"},
         {"sentencepiece.bpe.model",
          "\x0A\x03\x0A\x01x\x0A\x05\x0A\x01y\x18\x03\x0A\x03\x0A\x01z\x0A\x03\x0A\x01w"}},
        {OF("LlamaTokenizer"),
         {"tokenizer.model", "\x0A\x03\x0A\x01x\x0A\x03\x0A\x01y\x0A\x04\x0A\x02xy\x12\x02\x18\x02"}},
        {{"tokenizer_config.json", "{\"tokenizer_class\": \"M2M100Tokenizer\", \"language_codes\": "
                                   "\"wmt21\", \"added_tokens_decoder\": "
                                   "{\"9\": {\"content\": \"<new>\"}}}"},
         {"sentencepiece.bpe.model", SPM_UNK "\x0A\x03\x0A\x01x"},
         {"vocab.json", "{\"<unk>\": 0, \"x\": 1, \"</s>\": 2}"}},
        {OF("SpeechT5Tokenizer"), {"spm_char.model", SPM_UNK "\x0A\x03\x0A\x01x\x12\x02\x18\x04"}},
        {OF("SiglipTokenizer"), {"spiece.model", SPM_UNK "\x0A\x05\x0A\x03\x78\x79\x7A"}},
        {CTRL_FOLDER},
        {{"tokenizer_config.json",
          "{\"tokenizer_class\": \"Speech2Text2Tokenizer\", \"do_lower_case\": true}"},
         {"vocab.json", "{\"<unk>\": 0, \"a@@\": 1}"},
         {"merges.txt", "a b\n"}},
        {OF("PhobertTokenizer"), {"vocab.txt", "a 1\n"}, {"bpe.codes", "a b 1\n"}},
        {OF("PLBartTokenizer"),
         {"sentencepiece.bpe.model", SPM_UNK "\x0A\x03\x0A\x01x\x0A\x03\x0A\x01y\x0A\x03\x0A\x01z"}},
        {OF("BartphoTokenizer"), {"sentencepiece.bpe.model", SPM_UNK}, {"dict.txt", "x 1\n"}},
        {{"tokenizer_config.json",
          "{\"tokenizer_class\": \"MLukeTokenizer\", \"entity_mask2_token\": \"[PAD]\"}"},
         {"sentencepiece.bpe.model", SPM_UNK "\x0A\x03\x0A\x01x\x0A\x03\x0A\x01y"},
         ENTITIES},
        {OF("Wav2Vec2CTCTokenizer"), {"vocab.json", "{\"<unk>\": 0, \"x\": 1}"}},
        {{"tokenizer_config.json", "{\"tokenizer_class\": \"VitsTokenizer\", \"phonemize\": false}"},
         {"vocab.json", "{\"<unk>\": 0, \"x\": 1}"}},
        {OF("EsmTokenizer"), {"vocab.txt", "<cls>\n<eos>\nL\n"}},
        {{"tokenizer_config.json", "{\"tokenizer_class\": \"ByT5Tokenizer\", \"extra_ids\": 1}"}},
        {{"tokenizer_config.json",
          "{\"tokenizer_class\": \"PreTrainedTokenizer\", \"additional_special_tokens\": [\"<s>\"]}"},
         {"tokenizer.model", "YQ== 0\nYg== 1\nYWI= 2\n"}},
        {TEKKEN(4, 3, A)}};
    for (size_t i = 0; i < sizeof FOLDERS / sizeof *FOLDERS; i++) {
        ap__path folder;
        make_folder(&folder, FOLDERS[i]);
        torture(load_once, folder.text);
        tempdir_remove(&folder);
    }
}
