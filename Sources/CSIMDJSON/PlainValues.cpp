#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "ElementReaders.hpp"
#include "Narrowing.hpp"
#include "Nesting.hpp"

namespace {

/// true and false as numbers.
template <typename Element> bool readTruth(ondemand::value &value, Element &element, Element one) {
    bool flag;
    ondemand::json_type type;
    if (value.type().get(type) || type != ondemand::json_type::boolean || value.get_bool().get(flag)) {
        return false;
    }
    element = flag ? one : Element(0);
    return true;
}

bool isNull(ondemand::value &value) {
    ondemand::json_type type;
    bool is = false;
    return value.type().get(type) == simdjson::SUCCESS && type == ondemand::json_type::null &&
           value.is_null().get(is) == simdjson::SUCCESS && is;
}

/// Real numbers of strict JSON, which has no word for what is no number: null is one.
template <typename Element, typename Convert> struct StrictReal {
    [[gnu::always_inline]] static const char *scan(const char *text, const char *, Element &element) {
        double number;
        const char *next = scanner::scanDouble<Convert::precision>(text, number);
        if (next == nullptr) {
            return nullptr;
        }
        auto token = std::string_view(text, static_cast<size_t>(next - text));
        return Convert::convert(number, token, element) == CSIMDJSON_OK ? next : nullptr;
    }

    static CSIMDJSON_Error read(Output &output, ondemand::value &value, Element &element) {
        Element one;
        Convert::convert(1.0, "1", one);
        if (readTruth(value, element, one)) {
            return CSIMDJSON_OK;
        }
        if (isNull(value)) {
            return Convert::convert(std::numeric_limits<double>::quiet_NaN(), "", element);
        }
        double word;
        if (readBareWord(value, word)) {
            noteToken(output.cursor, value);
            return CSIMDJSON_SYNTAX;
        }
        return RealReader<Element, Convert>::read(output, value, element);
    }
};

template <typename Integer> struct StrictInteger {
    [[gnu::always_inline]] static const char *scan(const char *text, const char *end, Integer &element) {
        return scanner::IntegerScanner<Integer>::scan(text, end, element);
    }

    static CSIMDJSON_Error read(Output &output, ondemand::value &value, Integer &element) {
        return readTruth(value, element, Integer(1)) ? CSIMDJSON_OK
                                                     : IntegerReader<Integer>::read(output, value, element);
    }
};

/// true and false, and the numbers 1 and 0.
struct StrictTruth {
    static const char *scan(const char *text, const char *end, uint8_t &element) {
        auto left = std::string_view(text, static_cast<size_t>(end - text));
        bool isTrue = left.substr(0, 4) == "true";
        if (!isTrue && left.substr(0, 5) != "false") {
            return nullptr;
        }
        element = isTrue ? 1 : 0;
        text += isTrue ? 4 : 5;
        return scanner::isSpace(*text) || *text == ',' || *text == ']' ? text : nullptr;
    }

    static CSIMDJSON_Error read(Output &output, ondemand::value &value, uint8_t &element) {
        if (readTruth(value, element, uint8_t(1))) {
            return CSIMDJSON_OK;
        }
        auto error = IntegerReader<uint8_t>::read(output, value, element);
        if (error == CSIMDJSON_OK && element > 1) {
            return IntegerReader<uint8_t>::outOfRange(output, static_cast<uint64_t>(element));
        }
        return error;
    }
};

template <typename Reader, typename Element>
CSIMDJSON_Error readPlainElement(Output &output, ondemand::value &value, Element *memory) {
    ondemand::json_type type;
    if (value.type().get(type) == simdjson::SUCCESS && type == ondemand::json_type::object) {
        return explain(output, value);
    }
    if (auto error = tracking::element(output.cursor->nesting)) {
        noteToken(output.cursor, value);
        return error;
    }
    if (output.count >= output.capacity) {
        return CSIMDJSON_COUNT;
    }
    if (auto error = Reader::read(output, value, memory[output.count])) {
        return error;
    }
    output.count++;
    return CSIMDJSON_OK;
}

/// Walks arrays within each other and hands each element to `read`.
template <typename Read> CSIMDJSON_Error readArrays(CSIMDJSON_Cursor *cursor, ondemand::array &array, Read &read) {
    Nesting &shape = cursor->nesting;
    if (auto error = tracking::open(shape, cursor->maxDepth - cursor->depth)) {
        return error;
    }
    size_t depth = shape.depth;
    for (auto result : array) {
        ondemand::value item;
        if (auto code = result.get(item)) {
            return translate(code);
        }
        ondemand::json_type type;
        if (item.type().get(type) == simdjson::SUCCESS && type == ondemand::json_type::array) {
            ondemand::array inner;
            if (auto code = item.get_array().get(inner)) {
                return translate(code);
            }
            if (auto error = readArrays(cursor, inner, read)) {
                return error;
            }
        } else {
            if (auto error = read(item)) {
                return error;
            }
            shape.counts[depth]++;
        }
    }
    return tracking::close(shape, shape.counts[depth]);
}

template <typename Read> CSIMDJSON_Error readWhole(CSIMDJSON_Cursor *cursor, Read read) {
    cursor->isPending = false;
    cursor->nesting.reset();
    if (!cursor->hasArray) {
        cursor->nesting.leaf = 0;
        return read(cursor->current);
    }
    if (auto code = cursor->array.reset().error()) {
        return translate(code);
    }
    cursor->hasArray = false;
    return readArrays(cursor, cursor->array, read);
}

template <typename Reader, typename Element>
CSIMDJSON_Error readInto(Output &output, void *memory) {
    CSIMDJSON_Cursor *cursor = output.cursor;
    auto elements = static_cast<Element *>(memory);
    if (cursor->hasArray && tracking::scan<Reader>(cursor->arrayText, elements, output.capacity,
                                                   cursor->maxDepth - cursor->depth, cursor->nesting, output.count)) {
        cursor->isPending = false;
        cursor->hasArray = false;
        return CSIMDJSON_OK;
    }
    return readWhole(cursor, [&](ondemand::value &value) { return readPlainElement<Reader>(output, value, elements); });
}

template <typename Integer> CSIMDJSON_Error readIntegers(Output &output, void *memory) {
    return readInto<StrictInteger<Integer>, Integer>(output, memory);
}

template <typename Element, typename Convert> CSIMDJSON_Error readReals(Output &output, void *memory) {
    return readInto<StrictReal<Element, Convert>, Element>(output, memory);
}

/// Memory for strings that grows.
struct Strings {
    char *bytes = nullptr;
    size_t used = 0;
    size_t room = 0;

    CSIMDJSON_Error append(std::string_view text) {
        if (room - used < text.size() + 4) {
            size_t larger = std::max<size_t>((room + text.size() + 4) * 2, 64);
            char *grown = static_cast<char *>(std::realloc(bytes, larger));
            if (grown == nullptr) {
                return CSIMDJSON_MEMORY;
            }
            bytes = grown;
            room = larger;
        }
        auto length = static_cast<uint32_t>(text.size());
        std::memcpy(bytes + used, &length, 4);
        if (!text.empty()) {
            std::memcpy(bytes + used + 4, text.data(), text.size());
        }
        used += text.size() + 4;
        return CSIMDJSON_OK;
    }
};

} // namespace

CSIMDJSON_Error CSIMDJSON_measurePlain(CSIMDJSON_Cursor *cursor, size_t *most, size_t *length) {
    *most = 1;
    *length = 0;
    if (!cursor->hasArray) {
        if (CSIMDJSON_kind(cursor) != CSIMDJSON_ARRAY) {
            std::string_view token = cursor->current.raw_json_token();
            *length = token.size();
            return CSIMDJSON_OK;
        }
        if (auto code = cursor->current.get_array().get(cursor->array)) {
            return translate(code);
        }
        cursor->hasArray = true;
    }
    if (auto code = cursor->array.raw_json().get(cursor->arrayText)) {
        return translate(code);
    }
    *length = cursor->arrayText.size();
    *most = static_cast<size_t>(std::count(cursor->arrayText.begin(), cursor->arrayText.end(), ',')) + 1;
    return CSIMDJSON_OK;
}

CSIMDJSON_Error CSIMDJSON_readPlain(CSIMDJSON_Cursor *cursor, CSIMDJSON_Element element, void *memory,
                                     size_t capacity, size_t *count) {
    Output output{cursor, capacity};
    CSIMDJSON_Error error = CSIMDJSON_TYPE;
    switch (element) {
    case CSIMDJSON_ELEMENT_BOOL:
        error = readInto<StrictTruth, uint8_t>(output, memory);
        break;
    case CSIMDJSON_ELEMENT_UINT8:
        error = readIntegers<uint8_t>(output, memory);
        break;
    case CSIMDJSON_ELEMENT_UINT16:
        error = readIntegers<uint16_t>(output, memory);
        break;
    case CSIMDJSON_ELEMENT_UINT32:
        error = readIntegers<uint32_t>(output, memory);
        break;
    case CSIMDJSON_ELEMENT_UINT64:
        error = readIntegers<uint64_t>(output, memory);
        break;
    case CSIMDJSON_ELEMENT_INT8:
        error = readIntegers<int8_t>(output, memory);
        break;
    case CSIMDJSON_ELEMENT_INT16:
        error = readIntegers<int16_t>(output, memory);
        break;
    case CSIMDJSON_ELEMENT_INT32:
        error = readIntegers<int32_t>(output, memory);
        break;
    case CSIMDJSON_ELEMENT_INT64:
        error = readIntegers<int64_t>(output, memory);
        break;
    case CSIMDJSON_ELEMENT_FP16:
        error = readReals<uint16_t, narrowing::ToHalf>(output, memory);
        break;
    case CSIMDJSON_ELEMENT_BF16:
        error = readReals<uint16_t, narrowing::ToBrain>(output, memory);
        break;
    case CSIMDJSON_ELEMENT_FP32:
        error = readReals<float, narrowing::ToFloat>(output, memory);
        break;
    case CSIMDJSON_ELEMENT_FP64:
        error = readReals<double, narrowing::ToDouble>(output, memory);
        break;
    }
    *count = output.count;
    return error;
}

CSIMDJSON_Error CSIMDJSON_readPlainTexts(CSIMDJSON_Cursor *cursor, size_t capacity, void **memory, size_t *byteCount,
                                         size_t *count) {
    Output output{cursor, capacity};
    Strings strings;
    auto error = readWhole(cursor, [&](ondemand::value &value) -> CSIMDJSON_Error {
        std::string_view text;
        if (auto ragged = tracking::element(cursor->nesting)) {
            noteToken(cursor, value);
            return ragged;
        }
        if (value.get_string().get(text)) {
            auto why = explain(output, value);
            // A number is JSON, whatever it can be held by; here it is of the wrong type.
            return why == CSIMDJSON_RANGE ? CSIMDJSON_TYPE : why;
        }
        if (output.count >= output.capacity) {
            return CSIMDJSON_COUNT;
        }
        output.count++;
        return strings.append(text);
    });
    *count = output.count;
    *memory = nullptr;
    *byteCount = 0;
    if (error != CSIMDJSON_OK) {
        std::free(strings.bytes);
        return error;
    }
    *memory = strings.bytes;
    *byteCount = strings.used;
    return CSIMDJSON_OK;
}

size_t CSIMDJSON_plainRank(CSIMDJSON_Cursor *cursor) {
    Nesting &shape = cursor->nesting;
    return shape.depth > 0 ? shape.depth : shape.rank;
}

size_t CSIMDJSON_plainSize(CSIMDJSON_Cursor *cursor, size_t axis) {
    Nesting &shape = cursor->nesting;
    return shape.depth > 0 ? shape.counts[axis + 1] : shape.sizes[axis + 1];
}
