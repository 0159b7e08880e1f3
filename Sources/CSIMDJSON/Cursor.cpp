#include "Cursor.hpp"

#include <cstring>
#include <new>

CSIMDJSON_Error translate(simdjson::error_code code) {
    switch (code) {
    case simdjson::SUCCESS:
        return CSIMDJSON_OK;
    case simdjson::UTF8_ERROR:
        return CSIMDJSON_UTF8;
    case simdjson::DEPTH_ERROR:
        return CSIMDJSON_DEPTH;
    case simdjson::INCORRECT_TYPE:
        return CSIMDJSON_TYPE;
    case simdjson::NUMBER_OUT_OF_RANGE:
        return CSIMDJSON_RANGE;
    case simdjson::MEMALLOC:
    case simdjson::CAPACITY:
        return CSIMDJSON_MEMORY;
    default:
        return CSIMDJSON_SYNTAX;
    }
}

void noteToken(CSIMDJSON_Cursor *cursor, ondemand::value &value) {
    std::string_view token = value.raw_json_token();
    size_t length = token.size() < 40 ? token.size() : 40;
    while (length > 0 && static_cast<unsigned char>(token[length - 1]) <= ' ') {
        length--;
    }
    cursor->lastToken = {token.data(), length};
}

static CSIMDJSON_Error walkScalar(ondemand::value value, ondemand::json_type type, CSIMDJSON_Cursor *cursor) {
    simdjson::error_code code = simdjson::SUCCESS;
    switch (type) {
    case ondemand::json_type::string:
        code = value.get_string().error();
        break;
    case ondemand::json_type::boolean:
        code = value.get_bool().error();
        break;
    case ondemand::json_type::null: {
        bool isNull = false;
        code = value.is_null().get(isNull);
        if (code == simdjson::SUCCESS && !isNull) {
            code = simdjson::N_ATOM_ERROR;
        }
        break;
    }
    default: {
        // A number that a double can't hold is still JSON, but nobody would see it: refused all the same.
        code = value.get_double().error();
        break;
    }
    }
    if (code != simdjson::SUCCESS) {
        noteToken(cursor, value);
        return CSIMDJSON_SYNTAX;
    }
    return CSIMDJSON_OK;
}

static CSIMDJSON_Error walkArray(ondemand::array array, size_t depth, CSIMDJSON_Cursor *cursor, bool takesBareWords) {
    if (depth >= cursor->maxDepth) {
        return CSIMDJSON_DEPTH;
    }
    for (auto element : array) {
        ondemand::value item;
        if (auto code = element.get(item)) {
            return translate(code);
        }
        if (auto error = walk(item, depth + 1, cursor, takesBareWords)) {
            return error;
        }
    }
    return CSIMDJSON_OK;
}

CSIMDJSON_Error walk(ondemand::value value, size_t depth, CSIMDJSON_Cursor *cursor, bool takesBareWords) {
    ondemand::json_type type;
    double number;
    if (takesBareWords && readBareWord(value, number)) {
        return CSIMDJSON_OK;
    }
    if (value.type().get(type)) {
        noteToken(cursor, value);
        return CSIMDJSON_SYNTAX;
    }
    if (type == ondemand::json_type::array) {
        ondemand::array array;
        if (auto code = value.get_array().get(array)) {
            return translate(code);
        }
        return walkArray(array, depth, cursor, takesBareWords);
    }
    if (type != ondemand::json_type::object) {
        return walkScalar(value, type, cursor);
    }
    if (depth >= cursor->maxDepth) {
        return CSIMDJSON_DEPTH;
    }
    ondemand::object object;
    if (auto code = value.get_object().get(object)) {
        return translate(code);
    }
    for (auto member : object) {
        std::string_view key;
        if (auto code = member.unescaped_key().get(key)) {
            return translate(code);
        }
        ondemand::value item;
        if (auto code = member.value().get(item)) {
            return translate(code);
        }
        if (auto error = walk(item, depth + 1, cursor, takesBareWords)) {
            return error;
        }
    }
    return CSIMDJSON_OK;
}

CSIMDJSON_Cursor *CSIMDJSON_createCursor(size_t maxDepth) {
    return new (std::nothrow) CSIMDJSON_Cursor(maxDepth);
}

void CSIMDJSON_destroyCursor(CSIMDJSON_Cursor *cursor) {
    delete cursor;
}

void CSIMDJSON_trim(CSIMDJSON_Cursor *cursor, size_t keptCapacity) {
    if (cursor->parser.capacity() > keptCapacity) {
        cursor->document = ondemand::document();
        cursor->parser = ondemand::parser();
    }
}

static CSIMDJSON_Error enterRoot(CSIMDJSON_Cursor *cursor) {
    cursor->depth = 0;
    cursor->isPending = false;
    cursor->isLooked = false;
    ondemand::object root;
    if (auto code = cursor->document.get_object().get(root)) {
        return translate(code);
    }
    Frame &frame = cursor->frames[0];
    frame.isObject = true;
    frame.isFirst = true;
    if (auto code = root.begin().get(frame.member)) {
        return translate(code);
    }
    cursor->depth = 1;
    return CSIMDJSON_OK;
}

static CSIMDJSON_Error beginDocument(CSIMDJSON_Cursor *cursor, const char *start, size_t length) {
    cursor->hasArray = false;
    cursor->start = start;
    cursor->length = length;
    cursor->lastToken = {nullptr, 0};
    // Some versions of simdjson pass over a byte order mark, which JSON doesn't have.
    if (length >= 3 && std::memcmp(start, "\xef\xbb\xbf", 3) == 0) {
        return CSIMDJSON_SYNTAX;
    }
    if (auto code = cursor->parser.iterate(start, length, length + CSIMDJSON_PADDING).get(cursor->document)) {
        return translate(code);
    }
    return CSIMDJSON_OK;
}

CSIMDJSON_Error CSIMDJSON_begin(CSIMDJSON_Cursor *cursor, const char *start, size_t length) {
    if (auto error = beginDocument(cursor, start, length)) {
        return error;
    }
    return enterRoot(cursor);
}

CSIMDJSON_Error CSIMDJSON_beginAny(CSIMDJSON_Cursor *cursor, const char *start, size_t length, bool *isArray) {
    *isArray = false;
    if (auto error = beginDocument(cursor, start, length)) {
        return error;
    }
    size_t first = std::string_view(start, length).find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
        return CSIMDJSON_SYNTAX;
    }
    if (start[first] == '{') {
        return enterRoot(cursor);
    }
    if (start[first] != '[') {
        size_t end = std::string_view(start, length).find_last_not_of(" \t\r\n") + 1;
        cursor->lastToken = {start + first, end - first < 40 ? end - first : 40};
        return CSIMDJSON_TYPE;
    }
    *isArray = true;
    cursor->depth = 0;
    cursor->isPending = false;
    if (auto code = cursor->document.get_array().get(cursor->array)) {
        return translate(code);
    }
    cursor->hasArray = true;
    return CSIMDJSON_OK;
}

CSIMDJSON_Error CSIMDJSON_rewind(CSIMDJSON_Cursor *cursor) {
    cursor->document.rewind();
    return enterRoot(cursor);
}

CSIMDJSON_Error CSIMDJSON_end(CSIMDJSON_Cursor *cursor) {
    if (cursor->depth != 0) {
        return CSIMDJSON_SYNTAX;
    }
    const char *location = nullptr;
    return cursor->document.current_location().get(location) == simdjson::OUT_OF_BOUNDS ? CSIMDJSON_OK
                                                                                       : CSIMDJSON_SYNTAX;
}

/// Passes over a value that nobody read.
static CSIMDJSON_Error finishPending(CSIMDJSON_Cursor *cursor) {
    return cursor->isPending ? CSIMDJSON_skip(cursor) : CSIMDJSON_OK;
}

CSIMDJSON_Error CSIMDJSON_nextMember(CSIMDJSON_Cursor *cursor, bool *found, CSIMDJSON_Text *key) {
    *found = false;
    if (cursor->depth == 0 || !cursor->frames[cursor->depth - 1].isObject) {
        return CSIMDJSON_TYPE;
    }
    if (auto error = finishPending(cursor)) {
        return error;
    }
    Frame &frame = cursor->frames[cursor->depth - 1];
    if (frame.isFirst) {
        frame.isFirst = false;
    } else {
        ++frame.member;
    }
    if (!(frame.member != ondemand::object_iterator())) {
        cursor->depth--;
        return CSIMDJSON_OK;
    }
    ondemand::field field;
    if (auto code = (*frame.member).get(field)) {
        return translate(code);
    }
    std::string_view name;
    if (auto code = field.unescaped_key().get(name)) {
        return translate(code);
    }
    *key = {name.data(), name.size()};
    cursor->current = field.value();
    cursor->isPending = true;
    cursor->isLooked = false;
    *found = true;
    return CSIMDJSON_OK;
}

CSIMDJSON_Error CSIMDJSON_nextElement(CSIMDJSON_Cursor *cursor, bool *found) {
    *found = false;
    if (cursor->depth == 0 || cursor->frames[cursor->depth - 1].isObject) {
        return CSIMDJSON_TYPE;
    }
    if (auto error = finishPending(cursor)) {
        return error;
    }
    Frame &frame = cursor->frames[cursor->depth - 1];
    if (frame.isFirst) {
        frame.isFirst = false;
    } else {
        ++frame.element;
    }
    if (!(frame.element != ondemand::array_iterator())) {
        cursor->depth--;
        return CSIMDJSON_OK;
    }
    if (auto code = (*frame.element).get(cursor->current)) {
        return translate(code);
    }
    cursor->isPending = true;
    cursor->isLooked = false;
    *found = true;
    return CSIMDJSON_OK;
}

CSIMDJSON_Kind CSIMDJSON_kind(CSIMDJSON_Cursor *cursor) {
    ondemand::json_type type;
    if (!cursor->isPending || cursor->current.type().get(type)) {
        return CSIMDJSON_OTHER;
    }
    switch (type) {
    case ondemand::json_type::array:
        return CSIMDJSON_ARRAY;
    case ondemand::json_type::object:
        return CSIMDJSON_OBJECT;
    case ondemand::json_type::string:
        return CSIMDJSON_STRING;
    case ondemand::json_type::boolean:
        return CSIMDJSON_BOOL;
    case ondemand::json_type::null:
        return CSIMDJSON_NULL;
    default:
        return CSIMDJSON_NUMBER;
    }
}

CSIMDJSON_Error CSIMDJSON_enterObject(CSIMDJSON_Cursor *cursor) {
    if (!cursor->isPending || CSIMDJSON_kind(cursor) != CSIMDJSON_OBJECT) {
        return CSIMDJSON_TYPE;
    }
    if (cursor->depth >= cursor->maxDepth) {
        return CSIMDJSON_DEPTH;
    }
    ondemand::object object;
    if (auto code = cursor->current.get_object().get(object)) {
        return translate(code);
    }
    Frame &frame = cursor->frames[cursor->depth];
    frame.isObject = true;
    frame.isFirst = true;
    if (auto code = object.begin().get(frame.member)) {
        return translate(code);
    }
    cursor->depth++;
    cursor->isPending = false;
    return CSIMDJSON_OK;
}

CSIMDJSON_Error CSIMDJSON_enterArray(CSIMDJSON_Cursor *cursor) {
    if (!cursor->isPending || CSIMDJSON_kind(cursor) != CSIMDJSON_ARRAY) {
        return CSIMDJSON_TYPE;
    }
    if (cursor->depth >= cursor->maxDepth) {
        return CSIMDJSON_DEPTH;
    }
    // A value that has been looked over stands behind its first bracket already.
    ondemand::array array = cursor->lookedArray;
    if (!cursor->isLooked || cursor->lookedText.empty()) {
        if (auto code = cursor->current.get_array().get(array)) {
            return translate(code);
        }
    }
    cursor->isLooked = false;
    Frame &frame = cursor->frames[cursor->depth];
    frame.isObject = false;
    frame.isFirst = true;
    if (auto code = array.begin().get(frame.element)) {
        return translate(code);
    }
    cursor->depth++;
    cursor->isPending = false;
    return CSIMDJSON_OK;
}

/// Passes over the current value. One that has been looked over stands behind its first bracket already.
static CSIMDJSON_Error walkCurrent(CSIMDJSON_Cursor *cursor, bool takesBareWords) {
    cursor->isPending = false;
    if (cursor->isLooked && !cursor->lookedText.empty()) {
        return walkArray(cursor->lookedArray, cursor->depth, cursor, takesBareWords);
    }
    return walk(cursor->current, cursor->depth, cursor, takesBareWords);
}

CSIMDJSON_Error CSIMDJSON_skip(CSIMDJSON_Cursor *cursor) {
    if (!cursor->isPending) {
        return CSIMDJSON_OK;
    }
    return walkCurrent(cursor, false);
}

CSIMDJSON_Error CSIMDJSON_skipValues(CSIMDJSON_Cursor *cursor) {
    return walkCurrent(cursor, true);
}

CSIMDJSON_Text CSIMDJSON_lastToken(CSIMDJSON_Cursor *cursor) {
    return cursor->lastToken;
}

bool CSIMDJSON_isUTF8(const void *bytes, size_t count) {
    return count == 0 || simdjson::validate_utf8(static_cast<const char *>(bytes), count);
}
