import Foundation

/// Strict JSON (RFC 8259): no duplicate keys, no NaN, no comments, nothing after the document.
///
/// Foundation's own reader takes the last of two equal members, does not tell `1` from `1.0` and loses their order.
struct JSONReader {
    private let what: String
    private let bytes: [UInt8]
    private var position = 0

    /// Reads one document.
    ///
    /// - Parameters:
    ///   - what: the document's name in messages, such as `contract`.
    ///   - data: UTF-8 bytes.
    ///   - limit: the most bytes that the document may have.
    /// - Throws: `DocumentError`, the bytes are not strict JSON.
    static func read(_ what: String, _ data: Data, limit: Int) throws -> JSON {
        var reader = JSONReader(what: what, bytes: Array(try decodeText(what, data, limit: limit).utf8))
        return try reader.document()
    }

    /// The text of UTF-8 bytes; broken ones are not mended.
    static func decodeText(_ what: String, _ data: Data, limit: Int) throws -> String {
        guard data.count <= limit else {
            throw DocumentError("\(what): \(data.count) bytes; allowed: at most \(limit)", .notJSON)
        }
        let text = String(decoding: data, as: UTF8.self)
        guard text.utf8.elementsEqual(data) else { throw DocumentError("\(what): not UTF-8 text", .notJSON) }
        return text
    }

    private init(what: String, bytes: [UInt8]) {
        self.what = what
        self.bytes = bytes
    }

    private mutating func document() throws -> JSON {
        let found = try value(depth: 0)
        skipBlanks()
        if position < bytes.count { throw fault("something after the document") }
        return found
    }

    private mutating func value(depth: Int) throws -> JSON {
        guard depth <= deepest else { throw DocumentError("\(what): nested too deeply to be one of ours", .notJSON) }
        skipBlanks()
        switch try peek() {
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "["): return .array(try entries(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func members(depth: Int) throws -> JSONObject {
        var found = JSONObject()
        position += 1
        skipBlanks()
        if take("}") { return found }
        while true {
            skipBlanks()
            guard try peek() == UInt8(ascii: "\"") else { throw fault("a member's name in double quotes is missing") }
            let name = try string()
            skipBlanks()
            guard take(":") else { throw fault("a colon is missing") }
            guard found.insert(name, try value(depth: depth + 1)) else {
                throw DocumentError(
                    "\(what): the key \(shown(name)) occurs twice; allowed: each key once", .duplicateKey, key: name.text)
            }
            skipBlanks()
            if take("}") { return found }
            guard take(",") else { throw fault("a comma or } is missing") }
        }
    }

    private mutating func entries(depth: Int) throws -> [JSON] {
        var found: [JSON] = []
        position += 1
        skipBlanks()
        if take("]") { return found }
        while true {
            found.append(try value(depth: depth + 1))
            skipBlanks()
            if take("]") { return found }
            guard take(",") else { throw fault("a comma or ] is missing") }
        }
    }

    private mutating func string() throws -> JSONText {
        position += 1
        var found: [UInt8] = []
        var isBroken = false
        while true {
            let start = position
            while position < bytes.count, isPlain(bytes[position]) { position += 1 }
            found += bytes[start..<position]
            switch try peek() {
            case UInt8(ascii: "\""):
                position += 1
                return JSONText(bytes: found, hasLoneSurrogate: isBroken)
            case UInt8(ascii: "\\"):
                let point = try escape()
                isBroken = isBroken || (0xD800...0xDFFF).contains(point)
                append(point, to: &found)
            default:
                throw fault("a control character inside a string")
            }
        }
    }

    private func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    /// The code point that an escape writes, of two where they are the halves of one.
    private mutating func escape() throws -> UInt32 {
        position += 1
        let letter = try peek()
        position += 1
        if letter != UInt8(ascii: "u") {
            guard let plain = escapes[letter] else { throw fault("an unknown escape") }
            return UInt32(plain)
        }
        let first = try unicode()
        guard (0xD800...0xDBFF).contains(first), bytes[position...].starts(with: Array("\\u".utf8)) else { return first }
        let before = position
        position += 2
        let second = try unicode()
        if (0xDC00...0xDFFF).contains(second) { return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00) }
        position = before
        return first
    }

    private mutating func unicode() throws -> UInt32 {
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ hexadecimals.contains($0) }),
            let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw fault("an escape \\u without four digits") }
        position += 4
        return value
    }

    private func append(_ point: UInt32, to text: inout [UInt8]) {
        if let scalar = Unicode.Scalar(point) {
            text += Array(String(scalar).utf8)
        } else {
            text += [0xE0 | UInt8(point >> 12), 0x80 | UInt8(point >> 6 & 63), 0x80 | UInt8(point & 63)]
        }
    }

    private mutating func number() throws -> JSONNumber {
        let start = position
        _ = take("-")
        var isSound = take("0") || digits() > 0
        if isSound, take(".") { isSound = digits() > 0 }
        if isSound, take("e") || take("E") {
            _ = take("+") || take("-")
            isSound = digits() > 0
        }
        // More digits than Python converts are no number of ours.
        guard isSound, position - start <= longestNumber, !isNumberLetter() else {
            position = start
            throw fault("no JSON value")
        }
        return JSONNumber(text: String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func digits() -> Int {
        let start = position
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) { position += 1 }
        return position - start
    }

    private func isNumberLetter() -> Bool {
        position < bytes.count && "+-.eE0123456789".utf8.contains(bytes[position])
    }

    private mutating func word(_ word: String, _ value: JSON) throws -> JSON {
        guard bytes[position...].starts(with: word.utf8) else { throw fault("no JSON value") }
        position += word.utf8.count
        return value
    }

    private mutating func skipBlanks() {
        while position < bytes.count, " \t\r\n".utf8.contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ letter: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: letter) else { return false }
        position += 1
        return true
    }

    private func peek() throws -> UInt8 {
        guard position < bytes.count else { throw fault("it ends too early") }
        return bytes[position]
    }

    private func fault(_ reason: String) -> DocumentError {
        DocumentError("\(what): not JSON: \(reason) (byte \(position))", .notJSON)
    }
}

private let deepest = 64
private let longestNumber = 4300
private let hexadecimals = Set("0123456789abcdefABCDEF".utf8)
private let escapes: [UInt8: UInt8] = [
    UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "\\"): UInt8(ascii: "\\"), UInt8(ascii: "/"): UInt8(ascii: "/"),
    UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9,
]
