#ifndef CSIMDJSON_ELEMENT_READERS_HPP
#define CSIMDJSON_ELEMENT_READERS_HPP

#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>

#include "Cursor.hpp"

/// A token without the space that simdjson leaves behind it; other control characters are no space.
std::string_view trimmed(std::string_view token);
/// Whether a token without space around it is a number by its grammar.
bool isNumberToken(std::string_view token);

/// Where elements go.
struct Output {
    CSIMDJSON_Cursor *cursor;
    size_t capacity;
    size_t count = 0;
};

/// Why an element can't be read; its token is noted.
CSIMDJSON_Error explain(Output &output, ondemand::value &value);

template <typename Integer> struct IntegerReader {
    static CSIMDJSON_Error read(Output &output, ondemand::value &value, Integer &element) {
        if constexpr (std::is_signed_v<Integer>) {
            int64_t number;
            if (value.get_int64().get(number) == simdjson::SUCCESS) {
                if (number < std::numeric_limits<Integer>::min() || number > std::numeric_limits<Integer>::max()) {
                    return outOfRange(output, number);
                }
                element = static_cast<Integer>(number);
                return CSIMDJSON_OK;
            }
        } else {
            uint64_t number;
            if (value.get_uint64().get(number) == simdjson::SUCCESS) {
                if (number > std::numeric_limits<Integer>::max()) {
                    return outOfRange(output, number);
                }
                element = static_cast<Integer>(number);
                return CSIMDJSON_OK;
            }
        }
        return slow(output, value, element);
    }

    /// The value has been passed already, so its text is made anew.
    template <typename Number> static CSIMDJSON_Error outOfRange(Output &output, Number number) {
        static thread_local char text[24];
        auto result = std::to_chars(text, text + sizeof text, number);
        output.cursor->lastToken = {text, static_cast<size_t>(result.ptr - text)};
        return CSIMDJSON_RANGE;
    }

    /// Spellings such as 3.0 and 1e3 are integers too.
    static CSIMDJSON_Error slow(Output &output, ondemand::value &value, Integer &element) {
        double number;
        if (readBareWord(value, number)) {
            noteToken(output.cursor, value);
            return CSIMDJSON_TYPE;
        }
        noteToken(output.cursor, value);
        if (readReal(value.raw_json_token(), number)) {
            return explain(output, value);
        }
        if (number != std::trunc(number)) {
            return CSIMDJSON_FRACTION;
        }
        // From 2^53 on a double may stand for a neighbour.
        if (std::fabs(number) >= 9007199254740992.0 ||
            number < static_cast<double>(std::numeric_limits<Integer>::min()) ||
            number > static_cast<double>(std::numeric_limits<Integer>::max())) {
            return CSIMDJSON_RANGE;
        }
        element = static_cast<Integer>(number);
        return CSIMDJSON_OK;
    }
};

template <typename Element, typename Convert> struct RealReader {
    static CSIMDJSON_Error read(Output &output, ondemand::value &value, Element &element) {
        std::string_view token = value.raw_json_token();
        double number;
        if (readReal(token, number) && !readBareWord(value, number)) {
            return explain(output, value);
        }
        if (auto error = Convert::convert(number, token, element)) {
            noteToken(output.cursor, value);
            return error;
        }
        return CSIMDJSON_OK;
    }
};

struct BoolReader {
    static CSIMDJSON_Error read(Output &output, ondemand::value &value, uint8_t &element) {
        bool flag;
        if (value.get_bool().get(flag)) {
            return explain(output, value);
        }
        element = flag ? 1 : 0;
        return CSIMDJSON_OK;
    }
};

#endif
