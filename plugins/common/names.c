#include "names.h"

#include "onnx_wire.h"

/* FNV-1a from a start that differs from process to process, so that names cannot be made to collide. */
static size_t hash_name(const uint32_t *slots, onnx_text name) {
    uint64_t hash = 0xCBF29CE484222325u ^ (uint64_t)(uintptr_t)slots;
    for (size_t i = 0; i < name.len; i++) hash = (hash ^ (unsigned char)name.ptr[i]) * 0x100000001B3u;
    return (size_t)(hash ^ hash >> 29);
}

/* The slot of a name, or the free one where it would be. */
static uint32_t *slot_of(const onnx_names *names, onnx_text name) {
    size_t i = hash_name(names->slots, name) & (names->n_slots - 1);
    while (names->slots[i] && !onnx_text_equals(names->of[names->slots[i] - 1], name))
        i = (i + 1) & (names->n_slots - 1);
    return &names->slots[i];
}

static bool grow_names(onnx_names *names) {
    const ap_host *host = names->host;
    size_t capacity = names->capacity ? 2 * names->capacity : 256, n_slots = 2 * capacity;
    if (n_slots > UINT32_MAX / sizeof *names->of) return false;
    onnx_text *of = host->realloc(names->of, capacity * sizeof *of);
    if (!of) return false;
    names->of = of;
    uint32_t *slots = host->alloc(n_slots * sizeof *slots);
    if (!slots) return false;
    memset(slots, 0, n_slots * sizeof *slots);
    host->free(names->slots);
    names->slots = slots;
    names->n_slots = n_slots;
    names->capacity = capacity;
    for (size_t i = 0; i < names->n; i++) *slot_of(names, of[i]) = (uint32_t)i + 1;
    return true;
}

uint32_t onnx_names_find(const onnx_names *names, onnx_text name) {
    uint32_t at = names->n_slots ? *slot_of(names, name) : 0;
    return at ? at - 1 : ONNX_NO_NAME;
}

uint32_t onnx_names_add(onnx_names *names, onnx_text name) {
    if (names->n == names->capacity && !grow_names(names)) return ONNX_NO_NAME;
    uint32_t *slot = slot_of(names, name);
    if (*slot) return *slot - 1;
    names->of[names->n] = name;
    *slot = (uint32_t)++names->n;
    return *slot - 1;
}

void onnx_names_clear(onnx_names *names) {
    names->host->free(names->of);
    names->host->free(names->slots);
    *names = (onnx_names){.host = names->host};
}
