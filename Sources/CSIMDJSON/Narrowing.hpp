#ifndef CSIMDJSON_NARROWING_HPP
#define CSIMDJSON_NARROWING_HPP

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "NumberScanner.hpp"
#include "include/CSIMDJSON.h"

/// Makes elements of narrower types out of doubles.
namespace narrowing {

/// Rounds a double that may be two steps off to a float once: by way of the decimal text where the double lies within
/// three steps of the middle of two floats, and for subnormal ones, whose middles lie elsewhere.
inline CSIMDJSON_Error narrow(double wide, std::string_view token, float &narrowed) {
    uint64_t bits;
    std::memcpy(&bits, &wide, sizeof bits);
    double magnitude = std::fabs(wide);
    if ((bits & 0x1fffffff) - 0x0ffffffd <= 6 || (magnitude < 0x1p-126 && magnitude > 0)) {
        float exact = 0;
        auto result = std::from_chars(token.data(), token.data() + token.size(), exact);
        if (result.ec == std::errc()) {
            narrowed = exact;
            return CSIMDJSON_OK;
        }
        if (result.ec == std::errc::result_out_of_range && magnitude > 1) {
            return CSIMDJSON_RANGE;
        }
    }
    narrowed = static_cast<float>(wide);
    return std::isinf(narrowed) && !std::isinf(wide) ? CSIMDJSON_RANGE : CSIMDJSON_OK;
}

/// Nearest even of the upper half of a float, with the double's lost bits kept sticky.
inline uint16_t toBrain(double wide) {
    float value = static_cast<float>(wide);
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    if (std::isnan(wide)) {
        return static_cast<uint16_t>((bits >> 16) | 0x40);
    }
    if (static_cast<double>(value) != wide && !std::isinf(value)) {
        if (std::fabs(static_cast<double>(value)) > std::fabs(wide)) {
            bits--;
        }
        bits |= 1;
    }
    uint32_t rounding = 0x7fff + ((bits >> 16) & 1);
    return static_cast<uint16_t>((bits + rounding) >> 16);
}

/// A double as IEEE half: nearest even, subnormals included.
inline uint16_t toHalf(double wide) {
    uint64_t bits;
    std::memcpy(&bits, &wide, sizeof bits);
    uint16_t sign = static_cast<uint16_t>((bits >> 48) & 0x8000);
    if (std::isnan(wide)) {
        return sign | 0x7e00;
    }
    double magnitude = std::fabs(wide);
    if (magnitude >= 65520.0) {
        return sign | 0x7c00;
    }
    if (magnitude < 0x1p-14) {
        // Steps of 2^-24; nearbyint rounds to even.
        return sign | static_cast<uint16_t>(std::nearbyint(magnitude * 0x1p24));
    }
    int exponent;
    double fraction = std::frexp(magnitude, &exponent);
    // 1024 to 2048 steps; a carry moves on into the exponent as it should.
    auto steps = static_cast<uint32_t>(std::nearbyint(fraction * 2048.0));
    return sign | static_cast<uint16_t>(((exponent + 13) << 10) + steps);
}

/// How a number becomes an element of each real type, and how exactly it must be read for that.
struct ToDouble {
    static constexpr auto precision = scanner::Precision::exact;
    static CSIMDJSON_Error convert(double number, std::string_view, double &element) {
        element = number;
        return CSIMDJSON_OK;
    }
};
struct ToFloat {
    static constexpr auto precision = scanner::Precision::near;
    static CSIMDJSON_Error convert(double number, std::string_view token, float &element) {
        return narrow(number, token, element);
    }
};
struct ToHalf {
    static constexpr auto precision = scanner::Precision::exact;
    static CSIMDJSON_Error convert(double number, std::string_view, uint16_t &element) {
        element = toHalf(number);
        return (element & 0x7fff) == 0x7c00 && !std::isinf(number) ? CSIMDJSON_RANGE : CSIMDJSON_OK;
    }
};
struct ToBrain {
    static constexpr auto precision = scanner::Precision::exact;
    static CSIMDJSON_Error convert(double number, std::string_view, uint16_t &element) {
        element = toBrain(number);
        return (element & 0x7fff) == 0x7f80 && !std::isinf(number) ? CSIMDJSON_RANGE : CSIMDJSON_OK;
    }
};

} // namespace narrowing

#endif
