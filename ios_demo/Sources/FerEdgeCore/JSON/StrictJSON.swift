/// Takes values out of one decoded document; every complaint names the key, the value and what is allowed.
struct StrictJSON {
    /// The document's name in messages, such as `contract`.
    let what: String

    func fault(_ key: String, _ value: JSON?, _ allowed: String) -> DocumentError {
        DocumentError("\(what): \(printed(key)) is \(shown(value)); allowed: \(allowed)", .illegalValue, key: key)
    }

    /// Refuses a document whose member `schema` is none of these; checked first, since another version has other members.
    func schema(_ document: JSON, _ schemas: [String]) throws {
        guard case .object(let members) = document, let found = members["schema"] else { return }
        if case .string(let text) = found, schemas.contains(where: { JSONText($0) == text }) { return }
        let allowed = schemas.joined(separator: ", ")
        throw DocumentError(
            "\(what): schema is \(shown(found)); allowed: \(allowed); export again or update the app", .wrongSchema,
            key: "schema")
    }

    /// An object that has exactly these members.
    ///
    /// - Parameters:
    ///   - optional: those of `names` that may be missing.
    ///   - isOrdered: whether their order counts.
    func members(
        _ value: JSON?, _ key: String, _ names: [String], optional: [String] = [], isOrdered: Bool = false
    ) throws -> JSONObject {
        let place = key.isEmpty ? "the document" : printed(key)
        let allowed = names.joined(separator: ", ")
        guard case .object(let found)? = value else { throw fault(place, value, "an object with \(allowed)") }
        let known = names.map { JSONText($0) }
        if let unknown = found.names.first(where: { !known.contains($0) }) {
            throw DocumentError(
                "\(what): unknown key \(shown(unknown)) in \(place); allowed: \(allowed)", .unknownKey,
                key: join(key, unknown.text))
        }
        let missing = names.filter { found[$0] == nil && !optional.contains($0) }
        if let first = missing.first {
            throw DocumentError(
                "\(what): \(place) lacks \(missing.joined(separator: ", ")); needed: \(allowed)", .missingKey,
                key: join(key, first))
        }
        if isOrdered, found.names != known.filter({ found[$0] != nil }) {
            let order = found.names.map(\.text).joined(separator: ", ")
            throw DocumentError(
                "\(what): order of members in \(place) is \(order); allowed: \(allowed)", .wrongOrder, key: key)
        }
        return found
    }

    func array(_ value: JSON?, _ key: String, least: Int = 0, most: Int = 100_000) throws -> [JSON] {
        guard case .array(let found)? = value, (least...most).contains(found.count) else {
            throw fault(key, value, "a list of \(least) to \(most)")
        }
        return found
    }

    func object(_ value: JSON?, _ key: String) throws -> JSONObject {
        guard case .object(let found)? = value else { throw fault(key, value, "an object") }
        return found
    }

    func string(_ value: JSON?, _ key: String, most: Int = 1000) throws -> String {
        guard case .string(let found)? = value, (1...most).contains(found.length) else {
            throw fault(key, value, "a non-empty string of at most \(most) characters")
        }
        if found.hasLoneSurrogate { throw fault(key, value, "text without lone surrogates") }
        return found.text
    }

    /// Text that can stand on one line of a screen.
    func printable(_ value: JSON?, _ key: String, most: Int) throws -> String {
        let found = try string(value, key, most: most)
        guard isPrintable(found) else { throw fault(key, value, "printable text on one line") }
        return found
    }

    /// The case of an enumeration whose word this is.
    func choice<Word: RawRepresentable & CaseIterable>(_ value: JSON?, _ key: String) throws -> Word
    where Word.RawValue == String {
        let word = try choice(value, key, Word.allCases.map(\.rawValue))
        return Word(rawValue: word)!
    }

    func choice(_ value: JSON?, _ key: String, _ allowed: [String]) throws -> String {
        guard case .string(let found)? = value, let word = allowed.first(where: { JSONText($0) == found }) else {
            throw fault(key, value, allowed.joined(separator: ", "))
        }
        return word
    }

    func boolean(_ value: JSON?, _ key: String) throws -> Bool {
        guard case .bool(let found)? = value else { throw fault(key, value, "true, false") }
        return found
    }

    /// A whole number written as one.
    func integer(_ value: JSON?, _ key: String, _ range: ClosedRange<Int>) throws -> Int {
        guard case .number(let number)? = value, number.isInteger, let found = Int(number.text), range.contains(found) else {
            throw fault(key, value, "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return found
    }

    /// A finite number that passes `test`; `allowed` says in words what that is.
    func number(
        _ value: JSON?, _ key: String, allowed: String = "a finite number", test: (Double) -> Bool = { _ in true }
    ) throws -> Double {
        guard case .number(let number)? = value, let found = Double(number.text), found.isFinite, test(found) else {
            throw fault(key, value, allowed)
        }
        return found
    }

    func sha256(_ value: JSON?, _ key: String) throws -> String {
        guard case .string(let found)? = value, isHash(found.bytes) else {
            throw fault(key, value, "a SHA-256 of 64 lower-case hexadecimal digits")
        }
        return found.text
    }

    /// Nil for null, else what `read` makes of the value.
    func nullable<Value>(_ value: JSON?, _ key: String, _ read: (JSON, String) throws -> Value) throws -> Value? {
        guard let value else { throw fault(key, nil, "null or a value") }
        if case .null = value { return nil }
        return try read(value, key)
    }

    private func join(_ key: String, _ name: String) -> String { key.isEmpty ? name : "\(key).\(name)" }
}

/// Whether these are 64 lower-case hexadecimal digits.
func isHash(_ bytes: some Collection<UInt8>) -> Bool {
    bytes.count == 64 && bytes.allSatisfy { "0123456789abcdef".utf8.contains($0) }
}

/// As Python's `str.isprintable`: letters, marks, numbers, punctuation, symbols and the plain space.
func isPrintable(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { $0 == " " || !unprintable.contains($0.properties.generalCategory) }
}

private let unprintable: Set<Unicode.GeneralCategory> = [
    .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator, .spaceSeparator,
]
