#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "Cursor.hpp"
#include "ElementReaders.hpp"
#include "Narrowing.hpp"
#include "NumberScanner.hpp"
#include "Texts.hpp"

namespace {

/// Follows brackets and elements, and finds the shape that they make or compares them with the one that is known.
class ShapeTracker {
public:
    ShapeTracker(int *rank, int64_t *sizes) : rank(rank), sizes(sizes) {}

    /// An array begins; `false` when it stands where an element must.
    bool open() {
        if (depth >= CSIMDJSON_MAX_RANK || (*rank >= 0 && depth >= static_cast<size_t>(*rank))) {
            return false;
        }
        counts[depth++] = 0;
        return true;
    }

    /// An element; `false` when it stands where an array must.
    [[gnu::always_inline]] bool element() {
        if (*rank < 0) {
            *rank = static_cast<int>(depth);
        } else if (depth != static_cast<size_t>(*rank)) {
            return false;
        }
        if (depth > 0) {
            counts[depth - 1]++;
        }
        return true;
    }

    /// An array ends; `false` when it is longer or shorter than the others of its dimension.
    bool close() {
        if (*rank < 0) {
            *rank = static_cast<int>(depth);
        }
        int64_t &size = sizes[depth - 1];
        if (size < 0) {
            size = counts[depth - 1];
        } else if (size != counts[depth - 1]) {
            return false;
        }
        depth--;
        if (depth > 0) {
            counts[depth - 1]++;
        }
        return true;
    }

    size_t depth = 0;

private:
    int *rank;
    int64_t *sizes;
    int64_t counts[CSIMDJSON_MAX_RANK];
};

/// The fast way over an array's text; `false` when there is anything in it that isn't plain or has another shape.
template <typename Scanner, typename Element>
bool scanTensor(std::string_view array, Element *memory, size_t capacity, size_t maxDepth, ShapeTracker &shape,
                size_t &count) {
    const char *text = array.data();
    const char *const end = text + array.size();
    size_t found = 0;
    while (text < end) {
        if (*text == '[') {
            if (!shape.open() || shape.depth > maxDepth) {
                return false;
            }
            text = scanner::skipSpace(text + 1);
            if (*text != ']') {
                continue;
            }
        } else {
            Element element;
            const char *next = found < capacity ? Scanner::scan(text, end, element) : nullptr;
            if (next == nullptr || !shape.element()) {
                return false;
            }
            memory[found++] = element;
            text = scanner::skipSpace(next);
        }
        while (*text == ']') {
            if (!shape.close()) {
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

template <typename Read>
CSIMDJSON_Error readValue(Output &output, ondemand::value value, ShapeTracker &shape, Read &read);

/// Reads an array element by element; `read` takes what is no array.
template <typename Read>
CSIMDJSON_Error readArray(Output &output, ondemand::array array, ShapeTracker &shape, Read &read) {
    if (output.cursor->depth + shape.depth >= output.cursor->maxDepth) {
        return CSIMDJSON_DEPTH;
    }
    if (!shape.open()) {
        return shape.depth >= CSIMDJSON_MAX_RANK ? CSIMDJSON_DEPTH : CSIMDJSON_RAGGED;
    }
    for (auto result : array) {
        ondemand::value item;
        if (auto code = result.get(item)) {
            return translate(code);
        }
        if (auto error = readValue(output, item, shape, read)) {
            return error;
        }
    }
    return shape.close() ? CSIMDJSON_OK : CSIMDJSON_RAGGED;
}

template <typename Read>
CSIMDJSON_Error readValue(Output &output, ondemand::value value, ShapeTracker &shape, Read &read) {
    ondemand::json_type type;
    if (value.type().get(type) == simdjson::SUCCESS && type == ondemand::json_type::array) {
        ondemand::array array;
        if (auto code = value.get_array().get(array)) {
            return translate(code);
        }
        return readArray(output, array, shape, read);
    }
    if (!shape.element()) {
        noteToken(output.cursor, value);
        return CSIMDJSON_RAGGED;
    }
    return read(output, value);
}

/// Reads the current value, which has been looked over, element by element.
template <typename Read> CSIMDJSON_Error readCurrent(Output &output, ShapeTracker &shape, Read &read) {
    CSIMDJSON_Cursor *cursor = output.cursor;
    cursor->isPending = false;
    cursor->isLooked = false;
    return cursor->lookedText.empty() ? readValue(output, cursor->current, shape, read)
                                      : readArray(output, cursor->lookedArray, shape, read);
}

/// An element reader that takes `true` and `false` for 1 and 0 too, and 1 and 0 for flags.
template <typename Reader, typename Element> struct FlagsToo {
    static CSIMDJSON_Error read(Output &output, ondemand::value &value, Element &element) {
        bool flag;
        if (value.get_bool().get(flag) == simdjson::SUCCESS) {
            element = flag ? 1 : 0;
            return CSIMDJSON_OK;
        }
        return Reader::read(output, value, element);
    }
};

/// Flags as 0 and 1.
struct BinaryReader {
    static CSIMDJSON_Error read(Output &output, ondemand::value &value, uint8_t &element) {
        CSIMDJSON_Error error = IntegerReader<uint8_t>::read(output, value, element);
        if (error == CSIMDJSON_OK && element > 1) {
            return IntegerReader<uint8_t>::outOfRange(output, element);
        }
        return error;
    }
};

template <typename Reader, typename Element>
CSIMDJSON_Error readSlowly(Output &output, Element *memory, ShapeTracker &shape) {
    auto read = [memory](Output &output, ondemand::value &item) {
        if (output.count >= output.capacity) {
            noteToken(output.cursor, item);
            return CSIMDJSON_COUNT;
        }
        if (auto error = Reader::read(output, item, memory[output.count])) {
            return error;
        }
        output.count++;
        return CSIMDJSON_OK;
    };
    return readCurrent(output, shape, read);
}

/// One tensor to be read.
struct Target {
    void *memory;
    int *rank;
    int64_t *sizes;
    bool takesFlags;
};

template <typename Scanner, typename Reader, typename Element>
CSIMDJSON_Error readScanned(Output &output, const Target &target) {
    CSIMDJSON_Cursor *cursor = output.cursor;
    auto memory = static_cast<Element *>(target.memory);
    if (auto error = CSIMDJSON_look(cursor, false, nullptr)) {
        return error;
    }
    int64_t sizes[CSIMDJSON_MAX_RANK];
    int rank = *target.rank;
    std::copy_n(target.sizes, CSIMDJSON_MAX_RANK, sizes);
    ShapeTracker shape(&rank, sizes);
    size_t maxDepth = cursor->maxDepth - cursor->depth;
    if (scanTensor<Scanner>(cursor->lookedText, memory, output.capacity, maxDepth, shape, output.count)) {
        *target.rank = rank;
        std::copy_n(sizes, CSIMDJSON_MAX_RANK, target.sizes);
        cursor->isPending = false;
        cursor->isLooked = false;
        // Looking has put the parser back to the array's start.
        std::string_view passed;
        return translate(cursor->lookedArray.raw_json().get(passed));
    }
    output.count = 0;
    ShapeTracker again(target.rank, target.sizes);
    return readSlowly<Reader>(output, memory, again);
}

template <typename Integer> CSIMDJSON_Error readInteger(Output &output, const Target &target) {
    using Scanner = scanner::IntegerScanner<Integer>;
    using Reader = IntegerReader<Integer>;
    return target.takesFlags ? readScanned<Scanner, FlagsToo<Reader, Integer>, Integer>(output, target)
                             : readScanned<Scanner, Reader, Integer>(output, target);
}

template <typename Element, typename Convert> CSIMDJSON_Error readReal(Output &output, const Target &target) {
    return readScanned<scanner::RealScanner<Element, Convert>, RealReader<Element, Convert>, Element>(output, target);
}

/// Nothing is plain to it, so that every element is read the careful way.
struct NoScanner {
    static const char *scan(const char *, const char *, uint8_t &) { return nullptr; }
};

CSIMDJSON_Error readElement(CSIMDJSON_Element element, Output &output, const Target &target) {
    switch (element) {
    case CSIMDJSON_ELEMENT_BOOL:
        return target.takesFlags ? readScanned<NoScanner, FlagsToo<BinaryReader, uint8_t>, uint8_t>(output, target)
                                 : readScanned<NoScanner, BoolReader, uint8_t>(output, target);
    case CSIMDJSON_ELEMENT_UINT8:
        return readInteger<uint8_t>(output, target);
    case CSIMDJSON_ELEMENT_UINT16:
        return readInteger<uint16_t>(output, target);
    case CSIMDJSON_ELEMENT_UINT32:
        return readInteger<uint32_t>(output, target);
    case CSIMDJSON_ELEMENT_UINT64:
        return readInteger<uint64_t>(output, target);
    case CSIMDJSON_ELEMENT_INT8:
        return readInteger<int8_t>(output, target);
    case CSIMDJSON_ELEMENT_INT16:
        return readInteger<int16_t>(output, target);
    case CSIMDJSON_ELEMENT_INT32:
        return readInteger<int32_t>(output, target);
    case CSIMDJSON_ELEMENT_INT64:
        return readInteger<int64_t>(output, target);
    case CSIMDJSON_ELEMENT_FP16:
        return readReal<uint16_t, narrowing::ToHalf>(output, target);
    case CSIMDJSON_ELEMENT_BF16:
        return readReal<uint16_t, narrowing::ToBrain>(output, target);
    case CSIMDJSON_ELEMENT_FP32:
        return readReal<float, narrowing::ToFloat>(output, target);
    case CSIMDJSON_ELEMENT_FP64:
        return readReal<double, narrowing::ToDouble>(output, target);
    }
    return CSIMDJSON_TYPE;
}

/// Whether an object's text starts as {"b64": "…" does.
bool beginsAsBase64(const char *text) {
    text = scanner::skipSpace(text + 1);
    if (std::strncmp(text, "\"b64\"", 5) != 0) {
        return false;
    }
    text = scanner::skipSpace(text + 5);
    return *text == ':' && *scanner::skipSpace(text + 1) == '"';
}

/// Whether the text is an object with names in it, or an array that begins with one.
bool isNamed(std::string_view text) {
    const char *at = text.data();
    if (*at == '[') {
        at = scanner::skipSpace(at + 1);
    }
    return *at == '{' && !beginsAsBase64(at);
}

} // namespace

CSIMDJSON_Error CSIMDJSON_look(CSIMDJSON_Cursor *cursor, bool isText, CSIMDJSON_Outlook *outlook) {
    if (!cursor->isLooked) {
        cursor->lookedText = {};
        switch (CSIMDJSON_kind(cursor)) {
        case CSIMDJSON_ARRAY: {
            if (auto code = cursor->current.get_array().get(cursor->lookedArray)) {
                return translate(code);
            }
            if (auto code = cursor->lookedArray.raw_json().get(cursor->lookedText)) {
                return translate(code);
            }
            if (auto code = cursor->lookedArray.reset().error()) {
                return translate(code);
            }
            break;
        }
        default:
            break;
        }
        cursor->isLooked = true;
    }
    if (outlook == nullptr) {
        return CSIMDJSON_OK;
    }
    std::string_view text = cursor->lookedText;
    if (text.empty()) {
        outlook->elementBound = 1;
        outlook->isNamed = CSIMDJSON_kind(cursor) == CSIMDJSON_OBJECT && isNamed(cursor->current.raw_json_token());
        return CSIMDJSON_OK;
    }
    auto marks = static_cast<size_t>(std::count(text.begin(), text.end(), isText ? '"' : ','));
    outlook->elementBound = isText ? marks / 2 : marks + 1;
    outlook->isNamed = isNamed(text);
    return CSIMDJSON_OK;
}

CSIMDJSON_Error CSIMDJSON_countElements(CSIMDJSON_Cursor *cursor, size_t *count) {
    *count = 0;
    if (auto error = CSIMDJSON_look(cursor, false, nullptr)) {
        return error;
    }
    if (cursor->lookedText.empty()) {
        return CSIMDJSON_TYPE;
    }
    if (auto code = cursor->lookedArray.count_elements().get(*count)) {
        return translate(code);
    }
    return translate(cursor->lookedArray.reset().error());
}

CSIMDJSON_Error CSIMDJSON_readTensor(CSIMDJSON_Cursor *cursor, CSIMDJSON_Element element, bool takesFlags, void *memory,
                                     size_t capacity, int *rank, int64_t *sizes, size_t *count) {
    Output output{cursor, capacity};
    CSIMDJSON_Error error = readElement(element, output, Target{memory, rank, sizes, takesFlags});
    *count = output.count;
    return error;
}

CSIMDJSON_Error CSIMDJSON_readTexts(CSIMDJSON_Cursor *cursor, CSIMDJSON_Bytes *bytes, int *rank, int64_t *sizes,
                                    size_t *count) {
    Output output{cursor, 0};
    ShapeTracker shape(rank, sizes);
    auto read = [bytes](Output &output, ondemand::value &item) {
        auto error = appendText(output, item, *bytes);
        output.count += error ? 0 : 1;
        return error;
    };
    if (auto error = CSIMDJSON_look(cursor, true, nullptr)) {
        return error;
    }
    CSIMDJSON_Error error = readCurrent(output, shape, read);
    *count = output.count;
    return error;
}
