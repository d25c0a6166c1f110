#include "model/files.h"

#include "unit/support/check.h"
#include "unit/support/tempdir.h"
#include "unit/support/torture.h"
#include "unit/support/values.h"
#include "value/value.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static ap_error err;
static ap__path folder;

int test_setup(void **state) {
    (void)state;
    tempdir_create(&folder);
    return 0;
}

int test_teardown(void **state) {
    (void)state;
    tempdir_remove(&folder);
    return 0;
}

/* Files of one byte, their names separated by blanks. */
static void write_files(const char *names) {
    char list[400], *next;
    assert_true(strlen(names) < sizeof list);
    strcpy(list, names);
    for (char *name = strtok_r(list, " ", &next); name; name = strtok_r(NULL, " ", &next))
        tempdir_write_text(&folder, name, "x");
}

static ap__file_request request_of(const char *torch_dtype, const char *file_name, const char *subfolder) {
    return (ap__file_request){.torch_dtype = torch_dtype, .file_name = file_name, .subfolder = subfolder};
}

static void assert_chooses_as(const char *expected, ap_dtype dtype, ap__file_request request) {
    ap__file_choice choice;
    assert_ok(ap__model_file_choose(&choice, folder.text, &request, &err), &err);
    assert_int_equal(0, strncmp(choice.path.text, folder.text, strlen(folder.text)));
    assert_string_equal(expected, choice.path.text + strlen(folder.text) + 1);
    assert_int_equal(dtype, choice.dtype);
    assert_true(ap__path_is_file(choice.path.text));
}

static void assert_chooses(const char *expected, ap__file_request request) {
    assert_chooses_as(expected, AP_DTYPE_F32, request);
}

static void assert_refuses(ap__file_request request, ap_status expected, const char *text) {
    ap__file_choice choice;
    assert_fails(ap__model_file_choose(&choice, folder.text, &request, &err), expected, &err, text);
}

/* -- places -------------------------------------------------------------------------------------------- */

void test_in_the_root(void **state) {
    (void)state;
    write_files("model.onnx config.json");
    assert_chooses("model.onnx", request_of(NULL, NULL, NULL));
}

void test_onnx_comes_before_the_root(void **state) {
    (void)state;
    write_files("onnx/model.onnx");
    assert_chooses("onnx/model.onnx", request_of(NULL, NULL, NULL));
    write_files("model.onnx");
    assert_chooses("onnx/model.onnx", request_of(NULL, NULL, NULL));
    assert_chooses("model.onnx", request_of(NULL, NULL, ""));
}

void test_subfolder(void **state) {
    (void)state;
    write_files("onnx/model.onnx a/b/model.onnx a/model.onnx");
    assert_chooses("onnx/model.onnx", request_of(NULL, NULL, "onnx"));
    assert_chooses("a/b/model.onnx", request_of(NULL, NULL, "a/b"));
    assert_chooses("a/model.onnx", request_of(NULL, NULL, "a"));
    assert_refuses(request_of(NULL, NULL, "c"), AP_ENOTFOUND,
                   "has no c/model.onnx; model files there: onnx/model.onnx");
    assert_refuses(request_of(NULL, NULL, ""), AP_ENOTFOUND, "has no model.onnx");
}

void test_file_name(void **state) {
    (void)state;
    write_files("onnx/model.onnx onnx/special.onnx other.onnx x/deep.onnx");
    assert_chooses("other.onnx", request_of(NULL, "other.onnx", NULL));
    assert_chooses("onnx/special.onnx", request_of(NULL, "special.onnx", NULL));
    assert_chooses("onnx/special.onnx", request_of(NULL, "onnx/special.onnx", NULL));
    assert_chooses("onnx/special.onnx", request_of(NULL, "special.onnx", "onnx"));
    assert_chooses("x/deep.onnx", request_of(NULL, "deep.onnx", "x"));
    assert_refuses(request_of(NULL, "special.onnx", ""), AP_ENOTFOUND, "has no special.onnx");
    assert_refuses(request_of(NULL, "deep.onnx", "onnx"), AP_ENOTFOUND, "has no onnx/deep.onnx");
    assert_says(&err, "model files there: onnx/model.onnx, onnx/special.onnx, other.onnx");
}

/* A name of our own outweighs the dtype's; the dtype still says what is computed in. */
void test_file_name_and_dtype(void **state) {
    (void)state;
    write_files("other.onnx onnx/model_fp16.onnx");
    assert_chooses_as("other.onnx", AP_DTYPE_F16, request_of("float16", "other.onnx", NULL));
}

void test_names_that_leave_the_folder(void **state) {
    (void)state;
    static const char *const names[] = {"../model.onnx", "/etc/passwd", "a/../../model.onnx", "..", "/"};
    write_files("model.onnx a/model.onnx");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_refuses(request_of(NULL, names[i], NULL), AP_EINVAL, "must stay inside the model folder");
        assert_refuses(request_of(NULL, "model.onnx", names[i]), AP_EINVAL,
                       "must stay inside the model folder");
        assert_refuses(request_of(NULL, NULL, names[i]), AP_EINVAL, "must stay inside the model folder");
    }
    assert_refuses(request_of(NULL, "", NULL), AP_EINVAL, "must stay inside the model folder");
}

void test_link_into_a_cache(void **state) {
    (void)state;
    ap__path link;
    write_files("blobs/abc");
    tempdir_make_dir(&folder, "onnx");
    assert_ok(ap__path_join(&link, folder.text, "onnx/model.onnx", &err), &err);
    assert_int_equal(0, symlink("../blobs/abc", link.text)); /* As the Hub's cache has it. */
    assert_chooses("onnx/model.onnx", request_of(NULL, NULL, NULL));
}

/* -- dtypes -------------------------------------------------------------------------------------------- */

void test_spellings_of_dtypes(void **state) {
    (void)state;
    static const struct {
        const char *name, *file;
        ap_dtype dtype;
    } rows[] = {{"auto", "model", AP_DTYPE_F32},
                {"float32", "model", AP_DTYPE_F32},
                {"fp32", "model", AP_DTYPE_F32},
                {"torch.float32", "model", AP_DTYPE_F32},
                {"float16", "model_fp16", AP_DTYPE_F16},
                {"fp16", "model_fp16", AP_DTYPE_F16},
                {"torch.float16", "model_fp16", AP_DTYPE_F16},
                {"bfloat16", "model_bf16", AP_DTYPE_BF16},
                {"bf16", "model_bf16", AP_DTYPE_BF16},
                {"torch.bfloat16", "model_bf16", AP_DTYPE_BF16},
                {"int8", "model_int8", AP_DTYPE_F32},
                {"uint8", "model_uint8", AP_DTYPE_F32},
                {"q8", "model_quantized", AP_DTYPE_F32},
                {"q4", "model_q4", AP_DTYPE_F32},
                {"q4f16", "model_q4f16", AP_DTYPE_F16},
                {"bnb4", "model_bnb4", AP_DTYPE_F32}};
    write_files("onnx/model.onnx onnx/model_fp16.onnx onnx/model_bf16.onnx onnx/model_int8.onnx "
                "onnx/model_uint8.onnx "
                "onnx/model_quantized.onnx onnx/model_q4.onnx onnx/model_q4f16.onnx onnx/model_bnb4.onnx");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char file[60];
        snprintf(file, sizeof file, "onnx/%s.onnx", rows[i].file);
        assert_chooses_as(file, rows[i].dtype, request_of(rows[i].name, NULL, NULL));
    }
}

void test_two_names_of_8_bits(void **state) {
    (void)state;
    write_files("model_quantized.onnx");
    assert_chooses("model_quantized.onnx", request_of("int8", NULL, NULL));
    assert_chooses("model_quantized.onnx", request_of("q8", NULL, NULL));
    write_files("onnx/model_int8.onnx"); /* The better name wins, wherever it is. */
    assert_chooses("onnx/model_int8.onnx", request_of("int8", NULL, NULL));
    assert_chooses("model_quantized.onnx", request_of("q8", NULL, NULL));
}

void test_dtype_that_is_not_there(void **state) {
    (void)state;
    write_files("onnx/model.onnx onnx/model_q4.onnx");
    assert_refuses(request_of("float16", NULL, NULL), AP_ENOTFOUND,
                   "has no model_fp16.onnx; model files there: onnx/model.onnx, onnx/model_q4.onnx");
    assert_refuses(request_of("int8", NULL, NULL), AP_ENOTFOUND,
                   "has no model_int8.onnx or model_quantized.onnx;");
    assert_refuses(request_of("q8", NULL, "onnx"), AP_ENOTFOUND,
                   "has no onnx/model_quantized.onnx or model_int8.onnx;");
}

void test_dtype_that_is_not_known(void **state) {
    (void)state;
    write_files("model.onnx");
    assert_refuses(request_of("float31", NULL, NULL), AP_EINVAL,
                   "torch_dtype \"float31\" is not one of auto, float32");
    assert_says(&err, "bnb4; did you mean \"float32\"?");
    assert_refuses(request_of("", NULL, NULL), AP_EINVAL, "torch_dtype \"\"");
    assert_refuses(request_of("torch.", NULL, NULL), AP_EINVAL, "is not one of");
    assert_refuses(request_of("complex64", "model.onnx", NULL), AP_EINVAL, "torch_dtype \"complex64\"");
}

/* -- what the backend reads ----------------------------------------------------------------------------- */

static ap__file_request request_for(const char *reads, const char *computes, const char *torch_dtype) {
    return (ap__file_request){.torch_dtype = torch_dtype, .reads = reads, .computes = computes};
}

void test_kinds_in_the_order_of_the_backend(void **state) {
    (void)state;
    write_files("onnx/model.onnx openvino/openvino_model.xml model.pt onnx/model.ort");
    assert_chooses("onnx/model.onnx", request_for("onnx ort", NULL, NULL));
    assert_chooses("openvino/openvino_model.xml", request_for("xml onnx", NULL, NULL));
    assert_chooses("model.pt", request_for("pt onnx", NULL, NULL));
    assert_chooses("onnx/model.ort", request_for("ort", NULL, NULL));
    write_files("openvino_model.xml");
    assert_chooses("openvino_model.xml", request_for("xml onnx", NULL, NULL));
}

void test_kinds_that_the_backend_does_not_read(void **state) {
    (void)state;
    write_files("openvino_model.xml openvino_model.bin");
    assert_chooses("openvino_model.xml", request_for("xml onnx", NULL, NULL));
    assert_refuses(request_for("onnx ort", NULL, NULL), AP_EUNSUPPORTED,
                   "holds no ONNX file, only openvino_model.bin, openvino_model.xml");
    assert_refuses(request_of(NULL, "openvino_model.xml", NULL), AP_EUNSUPPORTED,
                   "reads no .xml files (it reads: onnx ort)");
    assert_refuses(request_for("xml onnx", NULL, "q4"), AP_ENOTFOUND,
                   "has no openvino_model_q4.xml or model_q4.onnx");
}

void test_dtype_that_the_backend_computes_in_by_itself(void **state) {
    (void)state;
    write_files("model.onnx");
    assert_chooses_as("model.onnx", AP_DTYPE_BF16, request_for("onnx", "bfloat16", "bfloat16"));
    assert_refuses(request_for("onnx", "bfloat16", "float16"), AP_ENOTFOUND, "has no model_fp16.onnx");
    assert_refuses(request_for("onnx", "bfloat16", "q8"), AP_ENOTFOUND, "has no model_quantized.onnx");
    write_files("model_bf16.onnx"); /* A file of that dtype is better. */
    assert_chooses_as("model_bf16.onnx", AP_DTYPE_BF16, request_for("onnx", "bfloat16", "bf16"));
}

void test_variants_for_advice(void **state) {
    (void)state;
    ap__path path;
    write_files("onnx/model.onnx onnx/model_quantized.onnx");
    assert_true(ap__model_file_has_variant(&path, folder.text, "q8", "onnx ort"));
    assert_string_equal("model_quantized.onnx", ap__path_name(path.text));
    assert_false(ap__model_file_has_variant(&path, folder.text, "q4", "onnx ort"));
    assert_false(ap__model_file_has_variant(&path, folder.text, "q8", "xml"));
    assert_false(ap__model_file_has_variant(&path, folder.text, "none", "onnx"));
}

/* -- models of several files --------------------------------------------------------------------------- */

/* The chosen files, in the order of the parts. */
static void assert_set(const char *expected, ap__file_request request) {
    ap__file_set set;
    char names[400] = "";
    assert_ok(ap__model_files_choose(&set, folder.text, &request, &err), &err);
    for (size_t part = 0; part < AP__N_PARTS; part++) {
        if (!set.paths[part].text[0]) continue;
        strcat(strcat(names, names[0] ? " " : ""), set.paths[part].text + strlen(folder.text) + 1);
    }
    assert_string_equal(expected, names);
}

static ap__file_request request_of_kind(ap_model_kind kind, const char *torch_dtype) {
    return (ap__file_request){.kind = kind, .torch_dtype = torch_dtype};
}

void test_causal_models(void **state) {
    (void)state;
    ap__file_request request = request_of_kind(AP_MODEL_CAUSAL_LM, NULL);
    write_files("decoder_model.onnx model_quantized.onnx onnx/decoder_model_merged_q4.onnx");
    assert_set("decoder_model.onnx", request);
    write_files("decoder_with_past_model.onnx");
    assert_set("decoder_model.onnx decoder_with_past_model.onnx", request);
    write_files("decoder_model_merged.onnx");
    assert_set("decoder_model_merged.onnx", request);
    request.splits_merged = true;
    assert_set("decoder_model.onnx decoder_with_past_model.onnx", request);
    write_files("onnx/model.onnx");
    assert_set("onnx/model.onnx", request);
    assert_set("model_quantized.onnx", request_of_kind(AP_MODEL_CAUSAL_LM, "q8"));
    assert_set("onnx/decoder_model_merged_q4.onnx", request_of_kind(AP_MODEL_CAUSAL_LM, "q4"));
    assert_chooses("onnx/model.onnx", request); /* For who wants to know one. */
    request.file_name = "decoder_model.onnx";
    assert_set("decoder_model.onnx", request);
}

void test_encoders_with_decoders(void **state) {
    (void)state;
    ap__file_request request = request_of_kind(AP_MODEL_ENCODER_DECODER, NULL);
    write_files("encoder_model.onnx decoder_model_merged_quantized.onnx onnx/encoder_model.onnx");
    assert_refuses(request, AP_ENOTFOUND, "has no decoder_model_merged.onnx or decoder_model.onnx");
    assert_refuses(request_of_kind(AP_MODEL_ENCODER_DECODER, "q8"), AP_ENOTFOUND,
                   "has no encoder_model_quantized.onnx");
    write_files("decoder_model.onnx");
    assert_set("encoder_model.onnx decoder_model.onnx", request);
    write_files("onnx/decoder_model.onnx onnx/decoder_with_past_model.onnx"); /* All of one folder. */
    assert_set("onnx/encoder_model.onnx onnx/decoder_model.onnx onnx/decoder_with_past_model.onnx", request);
    write_files("openvino_encoder_model.xml openvino_decoder_model.xml");
    request.reads = "xml onnx";
    assert_set("openvino_encoder_model.xml openvino_decoder_model.xml", request);
    request.file_name = "decoder_model.onnx";
    assert_refuses(request, AP_EINVAL,
                   "file_name names one file, and the model is made of an encoder and a decoder");
}

void test_parts_that_are_broken(void **state) {
    (void)state;
    write_files("encoder_model.onnx decoder_model.onnx");
    tempdir_write(&folder, "decoder_with_past_model.onnx", NULL, 0);
    assert_refuses(request_of_kind(AP_MODEL_ENCODER_DECODER, NULL), AP_EFORMAT,
                   "decoder_with_past_model.onnx is empty");
}

/* -- what is missing or broken ------------------------------------------------------------------------- */

void test_nothing_there(void **state) {
    (void)state;
    assert_refuses(request_of(NULL, NULL, NULL), AP_ENOTFOUND, "has no model.onnx; model files there: none");
    assert_says(&err, folder.text);
    write_files("config.json tokenizer.json README.md");
    assert_refuses(request_of(NULL, NULL, NULL), AP_ENOTFOUND, "has no model.onnx; model files there: none");
}

void test_only_what_cannot_be_read(void **state) {
    (void)state;
    write_files("model.safetensors pytorch_model.bin config.json");
    assert_refuses(
        request_of(NULL, NULL, NULL), AP_EUNSUPPORTED,
        "holds no ONNX file, only model.safetensors, pytorch_model.bin; export it with: optimum-cli export");
    assert_refuses(request_of("float16", NULL, NULL), AP_EUNSUPPORTED, "holds no ONNX file");
    write_files("onnx/model_q4.onnx"); /* Then it is the name that is wrong. */
    assert_refuses(request_of(NULL, NULL, NULL), AP_ENOTFOUND, "has no model.onnx");
}

void test_empty_file(void **state) {
    (void)state;
    tempdir_write(&folder, "onnx/model.onnx", NULL, 0);
    assert_refuses(request_of(NULL, NULL, NULL), AP_EFORMAT, "onnx/model.onnx is empty; fetch it again");
    assert_refuses(request_of(NULL, "model.onnx", "onnx"), AP_EFORMAT, "is empty");
}

void test_git_lfs_pointer(void **state) {
    (void)state;
    static const char pointer[] = "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 12345\n";
    tempdir_write_text(&folder, "model.onnx", pointer);
    assert_refuses(request_of(NULL, NULL, NULL), AP_EFORMAT,
                   "model.onnx is a Git LFS pointer and not the model; run: git lfs pull");
    tempdir_write(&folder, "model.onnx", pointer, 30); /* Something else that begins so. */
    assert_chooses("model.onnx", request_of(NULL, NULL, NULL));
}

void test_folders_of_that_name(void **state) {
    (void)state;
    tempdir_make_dir(&folder, "onnx/model.onnx");
    assert_refuses(request_of(NULL, NULL, NULL), AP_ENOTFOUND, "has no model.onnx; model files there: none");
    write_files("model.onnx");
    assert_chooses("model.onnx", request_of(NULL, NULL, NULL));
}

void test_path_too_long(void **state) {
    (void)state;
    static char long_folder[AP__PATH_MAX];
    ap__file_choice choice;
    ap__file_request request = {0};
    memset(long_folder, 'x', sizeof long_folder - 2);
    assert_fails(ap__model_file_choose(&choice, long_folder, &request, &err), AP_ELIMIT, &err,
                 "limit of 4095");
}

/* -- listing ------------------------------------------------------------------------------------------- */

void test_list(void **state) {
    (void)state;
    ap_value *list = value_of("[]");
    assert_ok(ap__model_files_list(list, folder.text, &err), &err);
    assert_json("[]", list);
    write_files(
        "onnx/model.onnx onnx/model_q4.onnx model.safetensors a.onnx openvino_model.xml openvino_model.bin "
        "config.json onnx/notes.txt other/model.onnx .onnx");
    tempdir_make_dir(&folder, "folder.onnx");
    assert_ok(ap__model_files_list(list, folder.text, &err), &err);
    assert_json("[\".onnx\",\"a.onnx\",\"model.safetensors\",\"onnx/model.onnx\",\"onnx/model_q4.onnx\","
                "\"openvino_model.bin\",\"openvino_model.xml\"]",
                list);
    ap_value_destroy(list);
}

void test_list_of_no_folder(void **state) {
    (void)state;
    ap_value *list = value_of("[]");
    assert_ok(ap__model_files_list(list, "/no/such/folder", &err), &err);
    assert_int_equal(0, ap_value_len(list));
    ap_value_destroy(list);
}

/* -- out of memory ------------------------------------------------------------------------------------- */

static ap_status list_files(void *ctx, ap_error *error) {
    ap_value list = {0};
    ap__value_set_list(&list);
    ap_status status = ap__model_files_list(&list, ctx, error);
    if (!status) assert_int_equal(12, ap_value_len(&list));
    ap__value_clear(&list);
    return status;
}

void test_torture_list(void **state) {
    (void)state;
    for (int i = 0; i < 12; i++) {
        char name[60];
        snprintf(name, sizeof name, "onnx/a_name_that_is_on_the_heap_%d.onnx", i);
        tempdir_write_text(&folder, name, "x");
    }
    assert_true(torture(list_files, folder.text) > 12);
}

/* Choosing itself needs no memory; only its messages do. */
static ap_status fail_to_choose(void *ctx, ap_error *error) {
    ap__file_choice choice;
    ap__file_request request = request_of("q4", NULL, NULL);
    ap_status status = ap__model_file_choose(&choice, ctx, &request, error);
    if (status == AP_ENOMEM) return status;
    assert_int_equal(AP_ENOTFOUND, status); /* Maybe with fewer names in it. */
    assert_non_null(strstr(error->message, "has no model_q4.onnx"));
    *error = (ap_error)AP_ERROR_INIT;
    return AP_OK;
}

void test_torture_missing(void **state) {
    (void)state;
    write_files("onnx/model.onnx a_name_that_is_on_the_heap.onnx");
    assert_true(torture_graceful(fail_to_choose, folder.text) > 2);
}
