#ifndef CSIMDJSON_CURSOR_HPP
#define CSIMDJSON_CURSOR_HPP

#include <cstdint>
#include <memory>
#include <simdjson.h>
#include <string_view>
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

/// The sizes that arrays within each other have, as far as they have been read.
///
/// Depth 1 is the outermost array. A document can be nested deeper than tensors; such a one is refused.
struct Nesting {
    static constexpr size_t maxRank = 32;

    /// Elements, or arrays, of the arrays at each depth; those that none has been closed at are not known.
    size_t sizes[maxRank + 1];
    bool isKnown[maxRank + 1];
    /// Of the array that is being read at each depth: what it has so far.
    size_t counts[maxRank + 1];
    /// The depth at which elements lie; `noLeaf` until one has been met.
    size_t leaf;
    /// The depth reached, and the deepest so far.
    size_t depth;
    size_t rank;

    static constexpr size_t noLeaf = SIZE_MAX;

    void reset() {
        leaf = noLeaf;
        depth = 0;
        rank = 0;
    }
};

struct CSIMDJSON_Cursor {
    explicit CSIMDJSON_Cursor(size_t depth) : maxDepth(depth), frames(depth) {}

    size_t maxDepth;
    std::vector<Frame> frames;
    ondemand::parser parser;
    ondemand::document document;
    ondemand::value current;
    /// The array that was measured last, whether it is still to be read, and its text; and how it was nested.
    ondemand::array array;
    bool hasArray = false;
    std::string_view arrayText;
    Nesting nesting{};
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
