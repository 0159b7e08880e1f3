#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "Cursor.hpp"
#include "ElementReaders.hpp"
#include "Narrowing.hpp"
#include "NumberScanner.hpp"

std::string_view trimmed(std::string_view token) {
    while (!token.empty() && scanner::isSpace(token.back())) {
        token.remove_suffix(1);
    }
    return token;
}

bool isNumberToken(std::string_view token) {
    size_t i = 0;
    auto digits = [&] {
        size_t from = i;
        while (i < token.size() && token[i] >= '0' && token[i] <= '9') {
            i++;
        }
        return i > from;
    };
    if (i < token.size() && token[i] == '-') {
        i++;
    }
    if (i < token.size() && token[i] == '0') {
        i++;
    } else if (!digits()) {
        return false;
    }
    if (i < token.size() && token[i] == '.') {
        i++;
        if (!digits()) {
            return false;
        }
    }
    if (i < token.size() && (token[i] == 'e' || token[i] == 'E')) {
        i++;
        if (i < token.size() && (token[i] == '+' || token[i] == '-')) {
            i++;
        }
        if (!digits()) {
            return false;
        }
    }
    return i == token.size();
}

/// Whether a number that a double can't hold is one of the tiny ones, which are zero, and not one of the huge ones.
static bool isTiny(std::string_view number) {
    size_t mark = number.find_first_of("eE");
    std::string_view digits = number.substr(0, mark);
    int64_t exponent = 0;
    if (mark != std::string_view::npos) {
        std::string_view text = number.substr(mark + 1);
        text.remove_prefix(text.front() == '+' ? 1 : 0);
        auto result = std::from_chars(text.data(), text.data() + text.size(), exponent);
        if (result.ec == std::errc::result_out_of_range) {
            return text.front() == '-';
        }
    }
    size_t point = std::min(digits.find('.'), digits.size());
    size_t first = digits.find_first_of("123456789");
    return first == std::string_view::npos ||
           exponent < static_cast<int64_t>(first) - static_cast<int64_t>(point);
}

CSIMDJSON_Error readReal(std::string_view token, double &number) {
    token = trimmed(token);
    if (!isNumberToken(token)) {
        return CSIMDJSON_SYNTAX;
    }
    if (scanner::scanDouble(token.data(), number) != nullptr) {
        return CSIMDJSON_OK;
    }
    number = token.front() == '-' ? -0.0 : 0.0;
    return isTiny(token) ? CSIMDJSON_OK : CSIMDJSON_RANGE;
}

bool readBareWord(ondemand::value &value, double &number) {
    std::string_view token = trimmed(value.raw_json_token());
    if (token == "NaN") {
        number = std::numeric_limits<double>::quiet_NaN();
    } else if (token == "Infinity") {
        number = std::numeric_limits<double>::infinity();
    } else if (token == "-Infinity") {
        number = -std::numeric_limits<double>::infinity();
    } else {
        return false;
    }
    return true;
}

CSIMDJSON_Error explain(Output &output, ondemand::value &value) {
    noteToken(output.cursor, value);
    ondemand::json_type type;
    if (value.type().get(type)) {
        return CSIMDJSON_SYNTAX;
    }
    if (type == ondemand::json_type::number) {
        return isNumberToken(trimmed(value.raw_json_token())) ? CSIMDJSON_RANGE : CSIMDJSON_SYNTAX;
    }
    // The value must be JSON, or that is the complaint.
    CSIMDJSON_Text token = output.cursor->lastToken;
    auto error = walk(value, output.cursor->depth, output.cursor);
    output.cursor->lastToken = token;
    return error ? error : CSIMDJSON_TYPE;
}

namespace {

template <typename Reader, typename Element>
CSIMDJSON_Error readArray(Output &output, ondemand::value value, Element *memory, size_t depth);

template <typename Reader, typename Element>
CSIMDJSON_Error readElements(Output &output, ondemand::array array, Element *memory, size_t depth) {
    if (depth > output.cursor->maxDepth) {
        return CSIMDJSON_DEPTH;
    }
    for (auto result : array) {
        ondemand::value item;
        if (auto code = result.get(item)) {
            return translate(code);
        }
        ondemand::json_type type;
        if (item.type().get(type) == simdjson::SUCCESS && type == ondemand::json_type::array) {
            if (auto error = readArray<Reader>(output, item, memory, depth + 1)) {
                return error;
            }
            continue;
        }
        if (output.count >= output.capacity) {
            return CSIMDJSON_COUNT;
        }
        if (auto error = Reader::read(output, item, memory[output.count])) {
            return error;
        }
        output.count++;
    }
    return CSIMDJSON_OK;
}

template <typename Reader, typename Element>
CSIMDJSON_Error readArray(Output &output, ondemand::value value, Element *memory, size_t depth) {
    ondemand::array array;
    if (value.get_array().get(array)) {
        return explain(output, value);
    }
    return readElements<Reader>(output, array, memory, depth);
}

template <typename Reader, typename Element> CSIMDJSON_Error readInto(Output &output, void *memory) {
    CSIMDJSON_Cursor *cursor = output.cursor;
    cursor->isPending = false;
    return readArray<Reader>(output, cursor->current, static_cast<Element *>(memory), cursor->depth + 1);
}

/// Tries the fast way over the array's text first, and reads it token by token when there is anything unusual.
template <typename Scanner, typename Reader, typename Element>
CSIMDJSON_Error scanInto(Output &output, void *memory) {
    CSIMDJSON_Cursor *cursor = output.cursor;
    ondemand::value value = cursor->current;
    ondemand::array array;
    std::string_view text;
    if (value.get_array().get(array)) {
        return readInto<Reader, Element>(output, memory);
    }
    if (auto code = array.raw_json().get(text)) {
        return translate(code);
    }
    size_t maxDepth = cursor->maxDepth - cursor->depth;
    auto elements = static_cast<Element *>(memory);
    if (scanner::scanArray<Scanner>(text, elements, output.capacity, maxDepth, output.count)) {
        cursor->isPending = false;
        return CSIMDJSON_OK;
    }
    if (auto code = array.reset().error()) {
        return translate(code);
    }
    cursor->isPending = false;
    return readElements<Reader>(output, array, elements, cursor->depth + 1);
}

template <typename Integer> CSIMDJSON_Error readIntegers(Output &output, void *memory) {
    return scanInto<scanner::IntegerScanner<Integer>, IntegerReader<Integer>, Integer>(output, memory);
}

template <typename Element, typename Convert> CSIMDJSON_Error readReals(Output &output, void *memory) {
    return scanInto<scanner::RealScanner<Element, Convert>, RealReader<Element, Convert>, Element>(output, memory);
}

CSIMDJSON_Error readStringsInto(Output &output, ondemand::value value, size_t depth, char *&memory, size_t &used,
                                size_t &room) {
    ondemand::array array;
    if (depth > output.cursor->maxDepth) {
        return CSIMDJSON_DEPTH;
    }
    if (value.get_array().get(array)) {
        return explain(output, value);
    }
    for (auto result : array) {
        ondemand::value item;
        if (auto code = result.get(item)) {
            return translate(code);
        }
        ondemand::json_type type;
        if (item.type().get(type) == simdjson::SUCCESS && type == ondemand::json_type::array) {
            if (auto error = readStringsInto(output, item, depth + 1, memory, used, room)) {
                return error;
            }
            continue;
        }
        std::string_view text;
        if (item.get_string().get(text)) {
            return explain(output, item);
        }
        if (output.count >= output.capacity) {
            return CSIMDJSON_COUNT;
        }
        if (room - used < text.size() + 4) {
            size_t larger = (room + text.size() + 4) * 2;
            char *grown = static_cast<char *>(std::realloc(memory, larger));
            if (grown == nullptr) {
                return CSIMDJSON_MEMORY;
            }
            memory = grown;
            room = larger;
        }
        auto length = static_cast<uint32_t>(text.size());
        std::memcpy(memory + used, &length, 4);
        std::memcpy(memory + used + 4, text.data(), text.size());
        used += text.size() + 4;
        output.count++;
    }
    return CSIMDJSON_OK;
}

} // namespace

CSIMDJSON_Error CSIMDJSON_readNumbers(CSIMDJSON_Cursor *cursor, CSIMDJSON_Element element, void *memory,
                                      size_t capacity, size_t *count) {
    Output output{cursor, capacity};
    CSIMDJSON_Error error = CSIMDJSON_TYPE;
    switch (element) {
    case CSIMDJSON_ELEMENT_BOOL:
        error = readInto<BoolReader, uint8_t>(output, memory);
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

CSIMDJSON_Error CSIMDJSON_readStrings(CSIMDJSON_Cursor *cursor, size_t capacity, void **memory, size_t *byteCount,
                                      size_t *count) {
    Output output{cursor, capacity};
    size_t room = 64;
    size_t used = 0;
    char *bytes = static_cast<char *>(std::malloc(room));
    *memory = nullptr;
    *byteCount = 0;
    *count = 0;
    if (bytes == nullptr) {
        return CSIMDJSON_MEMORY;
    }
    cursor->isPending = false;
    CSIMDJSON_Error error = readStringsInto(output, cursor->current, cursor->depth + 1, bytes, used, room);
    *count = output.count;
    if (error != CSIMDJSON_OK) {
        std::free(bytes);
        return error;
    }
    *memory = bytes;
    *byteCount = used;
    return CSIMDJSON_OK;
}
