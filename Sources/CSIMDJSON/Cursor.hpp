#ifndef CSIMDJSON_CURSOR_HPP
#define CSIMDJSON_CURSOR_HPP

#include <memory>
#include <simdjson.h>
#include <vector>

#include "include/CSIMDJSON.h"

namespace ondemand = simdjson::ondemand;

/// One container that the cursor is in.
struct Frame {
    bool isObject = false;
    bool isFirst = true;
    ondemand::object_iterator member;
    ondemand::array_iterator element;
};

struct CSIMDJSON_Cursor {
    explicit CSIMDJSON_Cursor(size_t depth) : maxDepth(depth), frames(depth) {}

    size_t maxDepth;
    std::vector<Frame> frames;
    ondemand::parser parser;
    ondemand::document document;
    ondemand::value current;
    /// Containers entered.
    size_t depth = 0;
    /// Whether `current` is still unread.
    bool isPending = false;
    const char *start = nullptr;
    size_t length = 0;
    CSIMDJSON_Text lastToken{nullptr, 0};
    /// Whether `current` has been looked over ahead of being read; `lookedArray` is it then, at its start, if it is one.
    bool isLooked = false;
    ondemand::array lookedArray;
    /// The array's text; empty when it is none.
    std::string_view lookedText;
};

/// Translates simdjson's codes; everything that isn't more special is a breach of the grammar.
CSIMDJSON_Error translate(simdjson::error_code code);
/// Walks a value and checks all of it; bare NaN and Infinity pass where `takesBareWords` says so.
CSIMDJSON_Error walk(ondemand::value value, size_t depth, CSIMDJSON_Cursor *cursor, bool takesBareWords = false);
/// Reads a number's token as a double, rounded once; the token may have space behind it.
///
/// Not simdjson's `get_double`: before 3.6.3 it reads 0.95000000000000000000 as 0.03 (simdjson's issue 2093).
CSIMDJSON_Error readReal(std::string_view token, double &number);
/// Reads NaN, Infinity and -Infinity, which are no JSON but which Triton and TensorFlow Serving take.
bool readBareWord(ondemand::value &value, double &number);
/// Notes the token of a value for messages.
void noteToken(CSIMDJSON_Cursor *cursor, ondemand::value &value);

#endif
