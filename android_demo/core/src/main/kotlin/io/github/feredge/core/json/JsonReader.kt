package io.github.feredge.core.json

import io.github.feredge.core.DocumentException
import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException
import java.nio.charset.CodingErrorAction

/** A number as it was written, so that an integer stays one. */
internal class JsonNumber(
    val text: String,
) {
    val isInteger: Boolean get() = text.none { it == '.' || it == 'e' || it == 'E' }

    override fun toString(): String = text
}

/**
 * Strict JSON (RFC 8259): no duplicate keys, no NaN, no comments, nothing after the document.
 *
 * Objects become [LinkedHashMap], arrays [List], then [String], [JsonNumber], [Boolean] and null.
 *
 * @param what the document's name in messages, such as `contract`.
 */
internal class JsonReader private constructor(
    private val what: String,
    private val text: String,
) {
    private var position = 0

    private fun document(): Any? {
        val value = value(0)
        skipBlanks()
        if (position < text.length) fail("something after the document")
        return value
    }

    private fun value(depth: Int): Any? {
        if (depth > DEEPEST) throw DocumentException.NotJson("$what: nested too deeply to be one of ours")
        skipBlanks()
        return when (peek()) {
            '{' -> members(depth)
            '[' -> entries(depth)
            '"' -> string()
            't' -> word("true", true)
            'f' -> word("false", false)
            'n' -> word("null", null)
            else -> number()
        }
    }

    private fun members(depth: Int): Map<String, Any?> {
        val found = LinkedHashMap<String, Any?>()
        position++
        skipBlanks()
        if (take('}')) return found
        while (true) {
            skipBlanks()
            if (peek() != '"') fail("a member's name in double quotes is missing")
            val name = string()
            skipBlanks()
            if (!take(':')) fail("a colon is missing")
            val value = value(depth + 1)
            if (found.containsKey(name)) {
                throw DocumentException.DuplicateKey(
                    "$what: the key ${shown(name)} occurs twice; allowed: each key once",
                    name,
                )
            }
            found[name] = value
            skipBlanks()
            if (take('}')) return found
            if (!take(',')) fail("a comma or } is missing")
        }
    }

    private fun entries(depth: Int): List<Any?> {
        val found = ArrayList<Any?>()
        position++
        skipBlanks()
        if (take(']')) return found
        while (true) {
            found.add(value(depth + 1))
            skipBlanks()
            if (take(']')) return found
            if (!take(',')) fail("a comma or ] is missing")
        }
    }

    private fun string(): String {
        val start = ++position
        // Most strings have no escape and are a piece of the document.
        while (position < text.length && text[position] != '"' && text[position] != '\\') plain()
        if (position < text.length && text[position] == '"') return text.substring(start, position++)
        val found = StringBuilder(text.substring(start, position))
        while (true) {
            when (val next = peek()) {
                '"' -> {
                    position++
                    return found.toString()
                }

                '\\' -> {
                    found.append(escape())
                }

                else -> {
                    plain()
                    found.append(next)
                }
            }
        }
    }

    private fun plain() {
        if (text[position] < ' ') fail("a control character inside a string")
        position++
    }

    private fun escape(): Char {
        position++
        val letter = peek()
        position++
        return when (letter) {
            '"', '\\', '/' -> letter
            'b' -> '\b'
            'f' -> '\u000C'
            'n' -> '\n'
            'r' -> '\r'
            't' -> '\t'
            'u' -> unicode()
            else -> fail("an unknown escape \\$letter")
        }
    }

    private fun unicode(): Char {
        val digits = text.substring(position, Math.min(position + 4, text.length))
        if (digits.length < 4 || digits.any { Character.digit(it, 16) < 0 || it > 'f' }) fail("an escape \\u without four digits")
        position += 4
        return digits.toInt(16).toChar()
    }

    private fun number(): JsonNumber {
        val start = position
        while (position < text.length && text[position] in "+-.eE0123456789") position++
        val found = text.substring(start, position)
        if (!NUMBER.matches(found)) {
            position = start
            fail("no JSON value")
        }
        return JsonNumber(found)
    }

    private fun word(
        word: String,
        value: Any?,
    ): Any? {
        if (!text.startsWith(word, position)) fail("no JSON value")
        position += word.length
        return value
    }

    private fun skipBlanks() {
        while (position < text.length && text[position] in " \t\r\n") position++
    }

    private fun take(character: Char): Boolean {
        if (position >= text.length || text[position] != character) return false
        position++
        return true
    }

    private fun peek(): Char {
        if (position >= text.length) fail("it ends too early")
        return text[position]
    }

    private fun fail(reason: String): Nothing = throw DocumentException.NotJson("$what: not JSON: $reason (character $position)")

    internal companion object {
        private const val DEEPEST = 64
        private val NUMBER = Regex("-?(0|[1-9][0-9]{0,400})(\\.[0-9]{1,400})?([eE][+-]?[0-9]{1,9})?")

        /**
         * Reads one document.
         *
         * @param data UTF-8 bytes.
         * @param limit the most bytes that the document may have.
         * @throws DocumentException the bytes are not strict JSON.
         */
        fun read(
            what: String,
            data: ByteArray,
            limit: Int,
        ): Any? = JsonReader(what, decode(what, data, limit)).document()

        /** The text of UTF-8 bytes; unlike [String]'s constructor it does not mend broken ones. */
        fun decode(
            what: String,
            data: ByteArray,
            limit: Int,
        ): String {
            if (data.size > limit) {
                throw DocumentException.NotJson("$what: ${data.size} bytes; allowed: at most $limit")
            }
            val decoder =
                Charsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
            return try {
                decoder.decode(ByteBuffer.wrap(data)).toString()
            } catch (_: CharacterCodingException) {
                throw DocumentException.NotJson("$what: not UTF-8 text")
            }
        }
    }
}

private const val LONGEST_SHOWN = 60

/** A value as a message may carry it: printable, on one line and short. */
internal fun shown(value: Any?): String {
    val text =
        when (value) {
            is Map<*, *> -> {
                "an object of ${value.size}"
            }

            is List<*> -> {
                "a list of ${value.size}"
            }

            is String -> {
                value
                    .map {
                        if (it in
                            ' '..'~'
                        ) {
                            it.toString()
                        } else {
                            "\\u%04x".format(it.code)
                        }
                    }.joinToString("", "\"", "\"")
            }

            else -> {
                value.toString()
            }
        }
    return if (text.length <= LONGEST_SHOWN) text else text.substring(0, LONGEST_SHOWN) + "..."
}
