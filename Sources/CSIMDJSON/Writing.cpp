#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "include/CSIMDJSON.h"

namespace {

char *append(char *text, const char *word) {
    size_t length = std::strlen(word);
    std::memcpy(text, word, length);
    return text + length;
}

template <typename Integer> char *writeInteger(char *text, Integer value) {
    return std::to_chars(text, text + 24, value).ptr;
}

/// The shortest spelling that reads back to the same value, always recognisable as a real number.
template <typename Real> char *writeReal(char *text, Real value) {
    if (std::isnan(value)) {
        return append(text, "NaN");
    }
    if (std::isinf(value)) {
        return append(text, value < 0 ? "-Infinity" : "Infinity");
    }
    char *end = std::to_chars(text, text + 28, value).ptr;
    for (char *at = text; at < end; at++) {
        if (*at == '.' || *at == 'e') {
            return end;
        }
    }
    *end++ = '.';
    *end++ = '0';
    return end;
}

char *writeBrain(char *text, uint16_t value) {
    uint32_t bits = static_cast<uint32_t>(value) << 16;
    float real;
    std::memcpy(&real, &bits, sizeof real);
    return writeReal(text, real);
}

char *writeHalf(char *text, uint16_t value) {
    int exponent = (value >> 10) & 0x1f;
    int fraction = value & 0x3ff;
    float magnitude;
    if (exponent == 0x1f) {
        magnitude = fraction != 0 ? NAN : INFINITY;
    } else if (exponent == 0) {
        magnitude = std::ldexp(static_cast<float>(fraction), -24);
    } else {
        magnitude = std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
    }
    return writeReal(text, (value & 0x8000) != 0 ? -magnitude : magnitude);
}

char *writeBool(char *text, uint8_t value) {
    return append(text, value != 0 ? "true" : "false");
}

template <typename Element, char *(*write)(char *, Element)>
size_t writeAll(const void *memory, size_t count, char *text) {
    const char *from = static_cast<const char *>(memory);
    char *at = text;
    for (size_t i = 0; i < count; i++) {
        Element element;
        std::memcpy(&element, from + i * sizeof element, sizeof element);
        if (i != 0) {
            *at++ = ',';
        }
        at = write(at, element);
    }
    return static_cast<size_t>(at - text);
}

} // namespace

size_t CSIMDJSON_widestElement(CSIMDJSON_Element element) {
    switch (element) {
    case CSIMDJSON_ELEMENT_BOOL:
    case CSIMDJSON_ELEMENT_UINT8:
    case CSIMDJSON_ELEMENT_UINT16:
    case CSIMDJSON_ELEMENT_INT8:
    case CSIMDJSON_ELEMENT_INT16:
        return 8;
    case CSIMDJSON_ELEMENT_UINT32:
    case CSIMDJSON_ELEMENT_INT32:
        return 12;
    case CSIMDJSON_ELEMENT_UINT64:
    case CSIMDJSON_ELEMENT_INT64:
        return 22;
    case CSIMDJSON_ELEMENT_FP16:
    case CSIMDJSON_ELEMENT_BF16:
    case CSIMDJSON_ELEMENT_FP32:
        return 18;
    case CSIMDJSON_ELEMENT_FP64:
        return 28;
    }
    return 28;
}

size_t CSIMDJSON_writeNumbers(CSIMDJSON_Element element, const void *memory, size_t count, char *text) {
    switch (element) {
    case CSIMDJSON_ELEMENT_BOOL:
        return writeAll<uint8_t, writeBool>(memory, count, text);
    case CSIMDJSON_ELEMENT_UINT8:
        return writeAll<uint8_t, writeInteger<uint8_t>>(memory, count, text);
    case CSIMDJSON_ELEMENT_UINT16:
        return writeAll<uint16_t, writeInteger<uint16_t>>(memory, count, text);
    case CSIMDJSON_ELEMENT_UINT32:
        return writeAll<uint32_t, writeInteger<uint32_t>>(memory, count, text);
    case CSIMDJSON_ELEMENT_UINT64:
        return writeAll<uint64_t, writeInteger<uint64_t>>(memory, count, text);
    case CSIMDJSON_ELEMENT_INT8:
        return writeAll<int8_t, writeInteger<int8_t>>(memory, count, text);
    case CSIMDJSON_ELEMENT_INT16:
        return writeAll<int16_t, writeInteger<int16_t>>(memory, count, text);
    case CSIMDJSON_ELEMENT_INT32:
        return writeAll<int32_t, writeInteger<int32_t>>(memory, count, text);
    case CSIMDJSON_ELEMENT_INT64:
        return writeAll<int64_t, writeInteger<int64_t>>(memory, count, text);
    case CSIMDJSON_ELEMENT_FP16:
        return writeAll<uint16_t, writeHalf>(memory, count, text);
    case CSIMDJSON_ELEMENT_BF16:
        return writeAll<uint16_t, writeBrain>(memory, count, text);
    case CSIMDJSON_ELEMENT_FP32:
        return writeAll<float, writeReal<float>>(memory, count, text);
    case CSIMDJSON_ELEMENT_FP64:
        return writeAll<double, writeReal<double>>(memory, count, text);
    }
    return 0;
}
