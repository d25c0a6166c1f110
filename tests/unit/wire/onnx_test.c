/* The reader of ONNX's protobuf. */
#include "wire/onnx.h"

#include "unit/support/check.h"

#include <string.h>

#define READER_OF(bytes) onnx_reader_of((onnx_text){(bytes), sizeof(bytes) - 1})

void test_every_wire_type(void **state) {
    (void)state;
    onnx_reader r = READER_OF("\x08\xAC\x02"                         /* 1: 300 */
                              "\x11\x01\x02\x03\x04\x05\x06\x07\x88" /* 2: eight bytes */
                              "\x1A\x03xyz"                          /* 3: "xyz" */
                              "\x22\x00"                             /* 4: "" */
                              "\xAD\x01\x00\x00\x80\x3F");           /* 21: 1.0f */
    const struct {
        uint32_t number;
        unsigned wire;
        uint64_t integer;
        const char *bytes;
    } fields[] = {{1, ONNX_WIRE_VARINT, 300, NULL},
                  {2, ONNX_WIRE_FIXED64, 0x8807060504030201u, NULL},
                  {3, ONNX_WIRE_BYTES, 0, "xyz"},
                  {4, ONNX_WIRE_BYTES, 0, ""},
                  {21, ONNX_WIRE_FIXED32, 0x3F800000u, NULL}};
    onnx_field f;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        assert_true(onnx_read_field(&f, &r));
        assert_int_equal(fields[i].number, f.number);
        assert_int_equal(fields[i].wire, f.wire);
        assert_true(fields[i].integer == f.integer);
        assert_int_equal(fields[i].bytes != NULL, f.bytes.ptr != NULL);
        assert_int_equal(fields[i].bytes ? strlen(fields[i].bytes) : 0, f.bytes.len);
        if (f.bytes.ptr) assert_memory_equal(fields[i].bytes, f.bytes.ptr, f.bytes.len);
    }
    assert_false(onnx_read_field(&f, &r));
    assert_false(r.is_broken);
}

void test_what_is_no_protobuf(void **state) {
    (void)state;
    static const onnx_text broken[] = {
        {"\x80", 1},                                              /* A tag without its end. */
        {"\x08", 1},                                              /* No value. */
        {"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12}, /* More than 64 bits. */
        {"\x11\x01\x02\x03\x04\x05\x06\x07", 8},                  /* Seven bytes of eight. */
        {"\x1D\x01\x02\x03", 4},                                  /* Three of four. */
        {"\x1A\x04xyz", 5},                                       /* Three of four. */
        {"\x1A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01x", 12},    /* One of 2^64 - 1. */
        {"\x0B\x0C", 2},                                          /* A group. */
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        onnx_field f;
        onnx_reader r = onnx_reader_of(broken[i]);
        assert_false(onnx_read_field(&f, &r));
        assert_true(r.is_broken);
        assert_false(onnx_read_field(&f, &r));
    }
}

void test_no_bytes_are_no_fields(void **state) {
    (void)state;
    onnx_field f;
    onnx_reader r = onnx_reader_of((onnx_text){NULL, 0});
    assert_false(onnx_read_field(&f, &r));
    assert_false(r.is_broken);
}
