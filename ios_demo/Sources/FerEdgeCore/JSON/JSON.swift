/// Text of a document as its bytes. `String` would call texts equal that differ in composed letters, and cannot hold the lone surrogates that JSON's
/// escapes can write; other languages keep such texts apart, so a reader that is to agree with them must too.
struct JSONText: Hashable {
    /// UTF-8; a lone surrogate as the three bytes that it would have.
    let bytes: [UInt8]
    let hasLoneSurrogate: Bool

    init(bytes: [UInt8], hasLoneSurrogate: Bool = false) {
        self.bytes = bytes
        self.hasLoneSurrogate = hasLoneSurrogate
    }

    init(_ text: String) {
        self.init(bytes: Array(text.utf8))
    }

    /// As text; lone surrogates become replacement characters.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// How many code points, as Python counts them.
    var length: Int { bytes.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) } }
}

/// A number as it was written, so that an integer stays one.
struct JSONNumber {
    let text: String

    var isInteger: Bool { !text.utf8.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") } }
}

/// An object's members in their order.
struct JSONObject {
    private(set) var names: [JSONText] = []
    private var values: [JSONText: JSON] = [:]

    subscript(name: String) -> JSON? { values[JSONText(name)] }

    subscript(name: JSONText) -> JSON? { values[name] }

    /// Whether the name was new; of two equal names the first stays.
    mutating func insert(_ name: JSONText, _ value: JSON) -> Bool {
        guard values.updateValue(value, forKey: name) == nil else { return false }
        names.append(name)
        return true
    }
}

/// A decoded value.
enum JSON {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(JSONText)
    case array([JSON])
    case object(JSONObject)
}

/// A value as a message may carry it: printable, on one line and short.
func shown(_ value: JSON?) -> String {
    switch value {
    case nil: return "missing"
    case .null: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .number(let number): return shortened(number.text)
    case .string(let text): return shown(text)
    case .array(let entries): return "a list of \(entries.count)"
    case .object(let members): return "an object of \(members.names.count)"
    }
}

func shown(_ text: JSONText) -> String {
    shortened("\"" + text.text.unicodeScalars.prefix(longestShown + 1).map(escaped).joined() + "\"")
}

/// A text of ours or of the file system as a message may carry it.
func printed(_ text: String) -> String {
    text.unicodeScalars.prefix(1000).map(escaped).joined()
}

private func escaped(_ letter: Unicode.Scalar) -> String {
    if (0x20...0x7E).contains(letter.value) { return String(letter) }
    let digits = String(letter.value, radix: 16)
    return "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}

private func shortened(_ text: String) -> String {
    text.count <= longestShown ? text : text.prefix(longestShown) + "..."
}

private let longestShown = 60
