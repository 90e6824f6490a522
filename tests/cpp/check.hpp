// What the tests need instead of a framework: failures are printed and counted, and main returns check::report().
#pragma once

#include <cstdio>
#include <source_location>
#include <string>

#include "bxnn/types.hpp"

namespace check {

inline int failures = 0;

inline bool that(bool ok, const std::string& what, std::source_location at = std::source_location::current()) {
    if (ok) return true;
    std::fprintf(stderr, "%s:%u: failed: %s\n", at.file_name(), static_cast<unsigned>(at.line()), what.c_str());
    ++failures;
    return false;
}

// f() throws bxnn::Error of that kind with `part` in its text.
template <class F>
void throws(bxnn::ErrorKind kind, const std::string& part, F&& f,
            std::source_location at = std::source_location::current()) {
    try {
        f();
    } catch (const bxnn::Error& error) {
        const bool right = error.kind() == kind && std::string(error.what()).find(part) != std::string::npos;
        that(right, std::string("expected an error with '") + part + "', got: " + error.what(), at);
        return;
    }
    that(false, "expected an error with '" + part + "', got none", at);
}

inline int report() {
    std::printf(failures ? "%d failures\n" : "passed\n", failures);
    return failures ? 1 : 0;
}

}  // namespace check
