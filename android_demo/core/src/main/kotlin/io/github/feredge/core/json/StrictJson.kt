package io.github.feredge.core.json

import io.github.feredge.core.DocumentException

/**
 * Takes values out of one decoded document; every complaint names the key, the value and what is allowed.
 *
 * @param what the document's name in messages, such as `contract`.
 */
internal class StrictJson(
    val what: String,
) {
    fun fail(
        key: String,
        value: Any?,
        allowed: String,
    ): Nothing = throw DocumentException.IllegalValue("$what: $key is ${shown(value)}; allowed: $allowed", key)

    /** Refuses a document whose member `schema` is none of [schemas]; checked first, since another version has other members. */
    fun schema(
        document: Any?,
        schemas: Collection<String>,
    ) {
        val found = (document as? Map<*, *>)?.get("schema") ?: return
        if (found !in schemas) {
            throw DocumentException.WrongSchema(
                "$what: schema is ${shown(found)}; allowed: ${schemas.joinToString()}; export again or update the app",
                "schema",
            )
        }
    }

    /**
     * An object that has exactly these members.
     *
     * @param optional those of [names] that may be missing.
     * @param isOrdered whether their order counts.
     */
    fun members(
        value: Any?,
        key: String,
        names: List<String>,
        optional: Set<String> = emptySet(),
        isOrdered: Boolean = false,
    ): Map<String, Any?> {
        val place = key.ifEmpty { "the document" }
        if (value !is Map<*, *>) fail(place, value, "an object with ${names.joinToString()}")
        @Suppress("UNCHECKED_CAST")
        val found = value as Map<String, Any?>
        for (name in found.keys) {
            if (name !in names) {
                throw DocumentException.UnknownKey(
                    "$what: unknown key ${shown(name)} in $place; allowed: ${names.joinToString()}",
                    join(key, name),
                )
            }
        }
        val missing = names.filter { it !in found && it !in optional }
        if (missing.isNotEmpty()) {
            throw DocumentException.MissingKey(
                "$what: $place lacks ${missing.joinToString()}; needed: ${names.joinToString()}",
                join(key, missing.first()),
            )
        }
        if (isOrdered && found.keys.toList() != names.filter { it in found }) {
            throw DocumentException.WrongOrder(
                "$what: order of members in $place is ${found.keys.joinToString()}; allowed: ${names.joinToString()}",
                key,
            )
        }
        return found
    }

    fun array(
        value: Any?,
        key: String,
        least: Int = 0,
        most: Int = 100_000,
    ): List<Any?> {
        if (value !is List<*> || value.size !in least..most) fail(key, value, "a list of $least to $most")
        return value
    }

    fun entries(
        value: Any?,
        key: String,
    ): Map<String, Any?> {
        if (value !is Map<*, *>) fail(key, value, "an object")
        @Suppress("UNCHECKED_CAST")
        return value as Map<String, Any?>
    }

    fun string(
        value: Any?,
        key: String,
        most: Int = 1000,
        isEmptyAllowed: Boolean = false,
    ): String {
        val isFit = value is String && value.codePointCount(0, value.length) <= most && (isEmptyAllowed || value.isNotEmpty())
        if (!isFit) fail(key, value, "a ${if (isEmptyAllowed) "" else "non-empty "}string of at most $most characters")
        if (hasLoneSurrogate(value)) fail(key, value, "text without lone surrogates")
        return value
    }

    /** Text that can stand on one line of a screen. */
    fun printable(
        value: Any?,
        key: String,
        most: Int,
    ): String {
        val found = string(value, key, most)
        if (!isPrintable(found)) fail(key, value, "printable text on one line")
        return found
    }

    fun choice(
        value: Any?,
        key: String,
        allowed: List<String>,
    ): String {
        if (value !is String || value !in allowed) fail(key, value, allowed.joinToString())
        return value
    }

    fun boolean(
        value: Any?,
        key: String,
    ): Boolean = value as? Boolean ?: fail(key, value, "true, false")

    /** A whole number written as one. */
    fun integer(
        value: Any?,
        key: String,
        least: Long,
        most: Long,
    ): Long {
        val found = (value as? JsonNumber)?.takeIf { it.isInteger }?.text?.toLongOrNull()
        if (found == null || found < least || found > most) fail(key, value, "an integer from $least to $most")
        return found
    }

    /** A finite number that passes [test]; [allowed] says in words what that is. */
    fun number(
        value: Any?,
        key: String,
        allowed: String = "a finite number",
        test: (Double) -> Boolean = { true },
    ): Double {
        val found = (value as? JsonNumber)?.text?.toDouble()
        if (found == null || found.isInfinite() || !test(found)) fail(key, value, allowed)
        return found
    }

    fun sha256(
        value: Any?,
        key: String,
    ): String {
        if (value !is String || value.length != 64 || value.any { it !in "0123456789abcdef" }) {
            fail(key, value, "a SHA-256 of 64 lower-case hexadecimal digits")
        }
        return value
    }

    private fun join(
        key: String,
        name: String,
    ) = if (key.isEmpty()) name else "$key.$name"
}

/** As Python's `str.isprintable`: letters, marks, numbers, punctuation, symbols and the plain space. */
internal fun isPrintable(text: String): Boolean {
    var index = 0
    while (index < text.length) {
        val point = text.codePointAt(index)
        if (point != ' '.code && Character.getType(point).toByte() in UNPRINTABLE) return false
        index += Character.charCount(point)
    }
    return true
}

private val UNPRINTABLE =
    setOf(
        Character.CONTROL,
        Character.FORMAT,
        Character.SURROGATE,
        Character.PRIVATE_USE,
        Character.UNASSIGNED,
        Character.LINE_SEPARATOR,
        Character.PARAGRAPH_SEPARATOR,
        Character.SPACE_SEPARATOR,
    )

private fun hasLoneSurrogate(text: String): Boolean {
    var index = 0
    while (index < text.length) {
        val point = text.codePointAt(index)
        if (point in 0xD800..0xDFFF) return true
        index += Character.charCount(point)
    }
    return false
}
