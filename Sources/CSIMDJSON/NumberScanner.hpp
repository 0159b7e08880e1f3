#ifndef CSIMDJSON_NUMBER_SCANNER_HPP
#define CSIMDJSON_NUMBER_SCANNER_HPP

#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>

#include "include/CSIMDJSON.h"

/// The fast way through an array of numbers, over its text and not over simdjson's tokens.
///
/// It takes only what it can read exactly and gives up at everything else, without saying why: the caller then reads
/// the array again token by token, which has the words for what is wrong. Every loop ends at a byte that is no digit,
/// and the array's last byte is a bracket, so that nothing behind it is read but for the padding that every document has.
namespace scanner {

inline bool isDigit(char character) {
    return static_cast<unsigned char>(character - '0') <= 9;
}

inline bool isSpace(char character) {
    return static_cast<unsigned char>(character) <= ' ' &&
           (character == ' ' || character == '\n' || character == '\r' || character == '\t');
}

/// How many of the eight bytes at `text` are digits before the first that isn't; `digits` gets the number they make.
///
/// Without a branch: how many digits a number has is as good as random, and a branch guessed wrong costs more than the
/// whole of this.
inline int readUpToEightDigits(const char *text, uint64_t &digits) {
    uint64_t bytes;
    std::memcpy(&bytes, text, sizeof bytes);
    bytes ^= 0x3030303030303030;
    uint64_t others = (((bytes & 0x7f7f7f7f7f7f7f7f) + 0x7676767676767676) | bytes) & 0x8080808080808080;
    int count = others == 0 ? 8 : __builtin_ctzll(others) >> 3;
    // Zeros come in front, so that one way of adding up does for every count; two steps, as 64 bits can't be shifted
    // out at once.
    bytes = (bytes << (8 - count) * 4) << (8 - count) * 4;
    bytes = bytes * 10 + (bytes >> 8);
    digits = (((bytes & 0x000000ff000000ff) * 0x000f424000000064) +
              (((bytes >> 16) & 0x000000ff000000ff) * 0x0000271000000001)) >> 32;
    return count;
}

constexpr uint64_t integerPowers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
constexpr double realPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

constexpr double signs[] = {1.0, -1.0};

/// Reads an exponent behind its `e` and adds it to `exponent`. Returns where it ends, null when there is none.
inline const char *scanExponent(const char *text, int &exponent) {
    bool isNegative = *text == '-';
    if (isNegative || *text == '+') {
        text++;
    }
    const char *first = text;
    int magnitude = 0;
    while (isDigit(*text)) {
        magnitude = magnitude < 10000 ? magnitude * 10 + (*text - '0') : magnitude;
        text++;
    }
    exponent += isNegative ? -magnitude : magnitude;
    return text > first ? text : nullptr;
}

/// How exactly a number is read.
enum class Precision {
    /// Rounded once.
    exact,
    /// Rounded up to twice more, so at most two steps of a double off: enough for who rounds it to a float and looks
    /// closer when it lies near the middle of two.
    near,
};

/// Reads a number as a double. Returns where it ends, null when it can't be read here.
template <Precision precision = Precision::exact>
[[gnu::always_inline]] inline const char *scanDouble(const char *text, double &number) {
    const char *start = text;
    bool isNegative = *text == '-';
    text += isNegative ? 1 : 0;
    const char *first = text;
    uint64_t digits = static_cast<unsigned char>(*text - '0');
    // With `&`, as the first digit of pixels and the like is as good as random.
    bool hasLeadingZero = (digits == 0) & isDigit(text[1]);
    if (digits > 9 || hasLeadingZero) {
        return nullptr;
    }
    text++;
    while (isDigit(*text)) {
        digits = digits * 10 + static_cast<uint64_t>(*text++ - '0');
    }
    auto digitCount = text - first;
    int exponent = 0;
    if (*text == '.') {
        text++;
        uint64_t more = 0;
        uint64_t rest = 0;
        int count = readUpToEightDigits(text, more);
        if (count == 0) {
            return nullptr;
        }
        int restCount = readUpToEightDigits(text + 8, rest);
        restCount = count == 8 ? restCount : 0;
        rest = count == 8 ? rest : 0;
        digits = (digits * integerPowers[count] + more) * integerPowers[restCount] + rest;
        count += restCount;
        text += count;
        while (restCount == 8 && isDigit(*text)) {
            digits = digits * 10 + static_cast<uint64_t>(*text++ - '0');
            count++;
        }
        digitCount += count;
        exponent = -count;
    }
    if (*text == 'e' || *text == 'E') {
        text = scanExponent(text + 1, exponent);
        if (text == nullptr) {
            return nullptr;
        }
    }
    // 19 digits fit into 64 bits; 53 bits and powers up to 10^22 are exact, so that one operation rounds once.
    constexpr uint64_t most = uint64_t(1) << (precision == Precision::exact ? 53 : 62);
    if (digitCount <= 19 && digits <= most && exponent >= -22 && exponent <= 22) {
        auto value = static_cast<double>(static_cast<int64_t>(digits));
        value = exponent < 0 ? value / realPowers[-exponent] : value * realPowers[exponent];
        number = value * signs[isNegative];
        return text;
    }
    auto result = std::from_chars(start, text, number);
    return result.ec == std::errc() && result.ptr == text ? text : nullptr;
}

/// Reads NaN, Infinity and -Infinity. Returns where the word ends, null when it is none of them.
inline const char *scanBareWord(const char *text, const char *end, double &number) {
    auto left = std::string_view(text, static_cast<size_t>(end - text));
    if (left.substr(0, 3) == "NaN") {
        number = std::numeric_limits<double>::quiet_NaN();
        return text + 3;
    }
    if (left.substr(0, 8) == "Infinity") {
        number = std::numeric_limits<double>::infinity();
        return text + 8;
    }
    if (left.substr(0, 9) == "-Infinity") {
        number = -std::numeric_limits<double>::infinity();
        return text + 9;
    }
    return nullptr;
}

template <typename Element, typename Convert> struct RealScanner {
    [[gnu::always_inline]] static const char *scan(const char *text, const char *end, Element &element) {
        double number;
        const char *next = scanDouble<Convert::precision>(text, number);
        if (next == nullptr) {
            next = scanBareWord(text, end, number);
            if (next == nullptr) {
                return nullptr;
            }
        }
        auto token = std::string_view(text, static_cast<size_t>(next - text));
        return Convert::convert(number, token, element) == CSIMDJSON_OK ? next : nullptr;
    }
};

template <typename Integer> struct IntegerScanner {
    [[gnu::always_inline]] static const char *scan(const char *text, const char *, Integer &element) {
        bool isNegative = std::is_signed_v<Integer> && *text == '-';
        text += isNegative ? 1 : 0;
        const char *first = text;
        uint64_t number = 0;
        while (isDigit(*text)) {
            number = number * 10 + static_cast<uint64_t>(*text++ - '0');
        }
        auto count = text - first;
        // 18 digits can't overflow; longer ones are left to the careful reader.
        if (count == 0 || count > 18 || (count > 1 && *first == '0')) {
            return nullptr;
        }
        auto limit = static_cast<uint64_t>(std::numeric_limits<Integer>::max()) + (isNegative ? 1 : 0);
        if (number > limit) {
            return nullptr;
        }
        element = static_cast<Integer>(isNegative ? 0 - number : number);
        return text;
    }
};

inline const char *skipSpace(const char *text) {
    while (isSpace(*text)) {
        text++;
    }
    return text;
}

/// Reads an array nested in any way; `false` when there is anything in it that isn't plain.
template <typename Scanner, typename Element>
bool scanArray(std::string_view array, Element *memory, size_t capacity, size_t maxDepth, size_t &count) {
    const char *text = array.data();
    const char *const end = text + array.size();
    size_t depth = 0;
    size_t found = 0;
    while (text < end) {
        if (*text == '[') {
            if (++depth > maxDepth) {
                return false;
            }
            text = skipSpace(text + 1);
            if (*text != ']') {
                continue;
            }
        } else {
            Element element;
            const char *next = found < capacity ? Scanner::scan(text, end, element) : nullptr;
            if (next == nullptr) {
                return false;
            }
            memory[found++] = element;
            text = skipSpace(next);
        }
        while (*text == ']') {
            if (--depth == 0) {
                count = found;
                return text < end;
            }
            text = skipSpace(text + 1);
        }
        if (*text != ',') {
            return false;
        }
        text = skipSpace(text + 1);
    }
    return false;
}

} // namespace scanner

#endif
