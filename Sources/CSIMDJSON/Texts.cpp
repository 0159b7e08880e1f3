#include <cstdlib>
#include <cstring>

#include "Cursor.hpp"
#include "NumberScanner.hpp"
#include "Texts.hpp"

namespace {

/// Makes room for one more element of `length` bytes at most. Returns where its content goes, null without memory.
char *reserve(CSIMDJSON_Bytes &bytes, size_t length) {
    if (bytes.capacity - bytes.length < length + 4) {
        size_t larger = (bytes.capacity + length + 4) * 2;
        char *grown = static_cast<char *>(std::realloc(bytes.start, larger));
        if (grown == nullptr) {
            return nullptr;
        }
        bytes.start = grown;
        bytes.capacity = larger;
    }
    return bytes.start + bytes.length + 4;
}

/// Notes the length of what has been written behind the room for it.
void finish(CSIMDJSON_Bytes &bytes, size_t length) {
    auto prefix = static_cast<uint32_t>(length);
    std::memcpy(bytes.start + bytes.length, &prefix, 4);
    bytes.length += length + 4;
}

/// A base64 digit's value (RFC 4648 §4); 64 for anything else.
unsigned digit(char character) {
    if (character >= 'A' && character <= 'Z') {
        return static_cast<unsigned>(character - 'A');
    }
    if (character >= 'a' && character <= 'z') {
        return static_cast<unsigned>(character - 'a') + 26;
    }
    if (character >= '0' && character <= '9') {
        return static_cast<unsigned>(character - '0') + 52;
    }
    return character == '+' ? 62 : character == '/' ? 63 : 64;
}

/// Decodes base64 with or without its padding; white space in it is passed over. `false` when it is none.
bool decodeBase64(std::string_view text, char *output, size_t &length) {
    unsigned bits = 0;
    size_t digits = 0;
    size_t padding = 0;
    length = 0;
    for (char character : text) {
        if (scanner::isSpace(character)) {
            continue;
        }
        if (character == '=') {
            padding++;
            continue;
        }
        unsigned value = digit(character);
        if (value > 63 || padding > 0) {
            return false;
        }
        bits = bits << 6 | value;
        if (digits++ % 4 != 0) {
            unsigned rest = static_cast<unsigned>((4 - digits % 4) % 4) * 2;
            output[length++] = static_cast<char>(bits >> rest & 0xff);
        }
    }
    return digits % 4 != 1 && (padding == 0 || (digits + padding) % 4 == 0) && padding <= 2;
}

CSIMDJSON_Error appendBase64(Output &output, ondemand::value &value, CSIMDJSON_Bytes &bytes) {
    ondemand::object object;
    noteToken(output.cursor, value);
    if (output.cursor->depth >= output.cursor->maxDepth) {
        return CSIMDJSON_DEPTH;
    }
    if (auto code = value.get_object().get(object)) {
        return translate(code);
    }
    size_t members = 0;
    for (auto member : object) {
        std::string_view key;
        if (auto code = member.unescaped_key().get(key)) {
            return translate(code);
        }
        ondemand::value content;
        if (auto code = member.value().get(content)) {
            return translate(code);
        }
        std::string_view text;
        if (key != "b64" || members++ > 0 || content.get_string().get(text)) {
            auto error = walk(content, output.cursor->depth + 1, output.cursor, true);
            return error ? error : CSIMDJSON_BASE64;
        }
        char *room = reserve(bytes, text.size());
        size_t length = 0;
        if (room == nullptr) {
            return CSIMDJSON_MEMORY;
        }
        if (!decodeBase64(text, room, length)) {
            return CSIMDJSON_BASE64;
        }
        finish(bytes, length);
    }
    return members == 1 ? CSIMDJSON_OK : CSIMDJSON_BASE64;
}

} // namespace

CSIMDJSON_Error appendText(Output &output, ondemand::value &value, CSIMDJSON_Bytes &bytes) {
    ondemand::json_type type;
    if (value.type().get(type) == simdjson::SUCCESS && type == ondemand::json_type::object) {
        return appendBase64(output, value, bytes);
    }
    std::string_view text;
    if (value.get_string().get(text)) {
        return explain(output, value);
    }
    char *room = reserve(bytes, text.size());
    if (room == nullptr) {
        return CSIMDJSON_MEMORY;
    }
    std::memcpy(room, text.data(), text.size());
    finish(bytes, text.size());
    return CSIMDJSON_OK;
}
