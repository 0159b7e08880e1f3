#ifndef CSIMDJSON_NESTING_HPP
#define CSIMDJSON_NESTING_HPP

#include "Cursor.hpp"
#include "NumberScanner.hpp"

/// Follows the nesting of arrays and finds what is no tensor: each array must be as long as those beside it, and
/// elements lie at one depth.
namespace tracking {

/// An array begins.
inline CSIMDJSON_Error open(Nesting &shape, size_t maxDepth) {
    if (shape.depth >= Nesting::maxRank || shape.depth >= maxDepth) {
        return CSIMDJSON_DEPTH;
    }
    if (shape.depth >= shape.leaf) {
        return CSIMDJSON_RAGGED;
    }
    shape.depth++;
    shape.counts[shape.depth] = 0;
    if (shape.depth > shape.rank) {
        shape.rank = shape.depth;
        shape.isKnown[shape.depth] = false;
    }
    return CSIMDJSON_OK;
}

/// An element comes.
inline CSIMDJSON_Error element(Nesting &shape) {
    if (shape.leaf == Nesting::noLeaf && shape.depth == shape.rank) {
        shape.leaf = shape.depth;
    }
    return shape.depth == shape.leaf ? CSIMDJSON_OK : CSIMDJSON_RAGGED;
}

/// An array of so many elements or arrays ends.
inline CSIMDJSON_Error close(Nesting &shape, size_t count) {
    size_t depth = shape.depth;
    if (!shape.isKnown[depth]) {
        shape.isKnown[depth] = true;
        shape.sizes[depth] = count;
    } else if (shape.sizes[depth] != count) {
        return CSIMDJSON_RAGGED;
    }
    shape.depth--;
    shape.counts[shape.depth]++;
    return CSIMDJSON_OK;
}

/// Reads an array nested in any way with its shape; `false` when there is anything in it that isn't plain.
template <typename Scanner, typename Element>
bool scan(std::string_view array, Element *memory, size_t capacity, size_t maxDepth, Nesting &shape, size_t &count) {
    const char *text = array.data();
    const char *const end = text + array.size();
    size_t found = 0;
    size_t first = 0;
    shape.reset();
    while (text < end) {
        if (*text == '[') {
            if (open(shape, maxDepth)) {
                return false;
            }
            first = found;
            text = scanner::skipSpace(text + 1);
            if (*text != ']') {
                continue;
            }
        } else {
            Element value;
            const char *next = found < capacity ? Scanner::scan(text, end, value) : nullptr;
            if (next == nullptr || element(shape)) {
                return false;
            }
            memory[found++] = value;
            text = scanner::skipSpace(next);
        }
        while (*text == ']') {
            if (close(shape, shape.depth == shape.leaf ? found - first : shape.counts[shape.depth])) {
                return false;
            }
            if (shape.depth == 0) {
                count = found;
                return text < end;
            }
            text = scanner::skipSpace(text + 1);
        }
        if (*text != ',') {
            return false;
        }
        text = scanner::skipSpace(text + 1);
    }
    return false;
}

} // namespace tracking

#endif
