#include <cmath>

#include "Cursor.hpp"

/// A scalar reader's end: notes what stood there when it wasn't what was asked for.
static CSIMDJSON_Error finish(CSIMDJSON_Cursor *cursor, simdjson::error_code code) {
    if (code != simdjson::SUCCESS) {
        noteToken(cursor, cursor->current);
        return translate(code);
    }
    cursor->isPending = false;
    return CSIMDJSON_OK;
}

CSIMDJSON_Error CSIMDJSON_readString(CSIMDJSON_Cursor *cursor, CSIMDJSON_Text *text) {
    std::string_view string;
    auto code = cursor->current.get_string().get(string);
    *text = {string.data(), string.size()};
    return finish(cursor, code);
}

/// Why a number can't be read as an integer.
static CSIMDJSON_Error explainInteger(CSIMDJSON_Cursor *cursor) {
    double number;
    noteToken(cursor, cursor->current);
    if (CSIMDJSON_kind(cursor) != CSIMDJSON_NUMBER) {
        return CSIMDJSON_TYPE;
    }
    if (cursor->current.get_double().get(number)) {
        return CSIMDJSON_SYNTAX;
    }
    return number == std::trunc(number) ? CSIMDJSON_RANGE : CSIMDJSON_FRACTION;
}

CSIMDJSON_Error CSIMDJSON_readInt64(CSIMDJSON_Cursor *cursor, int64_t *number) {
    if (cursor->current.get_int64().get(*number)) {
        return explainInteger(cursor);
    }
    cursor->isPending = false;
    return CSIMDJSON_OK;
}

CSIMDJSON_Error CSIMDJSON_readUInt64(CSIMDJSON_Cursor *cursor, uint64_t *number) {
    if (cursor->current.get_uint64().get(*number)) {
        return explainInteger(cursor);
    }
    cursor->isPending = false;
    return CSIMDJSON_OK;
}

CSIMDJSON_Error CSIMDJSON_readDouble(CSIMDJSON_Cursor *cursor, double *number) {
    std::string_view token = cursor->current.raw_json_token();
    auto code = cursor->current.get_double().get(*number);
    if (code == simdjson::SUCCESS && readReal(token, *number) != CSIMDJSON_OK) {
        code = simdjson::NUMBER_ERROR;
    }
    return finish(cursor, code);
}

CSIMDJSON_Error CSIMDJSON_readBool(CSIMDJSON_Cursor *cursor, bool *value) {
    return finish(cursor, cursor->current.get_bool().get(*value));
}
