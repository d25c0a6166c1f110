// A failure on its way to the border, where it becomes an ap_status and a message.
#pragma once

#include <accelpipe/status.h>

#include <exception>
#include <string>

namespace ipex {

struct Failure : std::exception {
    ap_status status;
    std::string message;
    Failure(ap_status s, std::string text) : status(s), message(std::move(text)) {}
    const char *what() const noexcept override { return message.c_str(); }
};

[[noreturn]] void fail(ap_status status, const char *fmt, ...) AP_PRINTF(2, 3);

} // namespace ipex
