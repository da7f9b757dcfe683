import Foundation

/// An offset leads out of the file, or a structure is none.
struct BrokenFile: Error {}

/// The bytes of a model file; each access is checked.
struct Bytes {
    private let data: Data

    init(_ data: Data) { self.data = data }

    var count: Int { data.count }

    func byte(_ position: Int) throws -> UInt8 {
        guard position >= 0, position < data.count else { throw BrokenFile() }
        return data[data.startIndex + position]
    }

    func uint16(_ position: Int) throws -> UInt16 { UInt16(truncatingIfNeeded: try number(position, 2)) }

    func uint32(_ position: Int) throws -> UInt32 { UInt32(truncatingIfNeeded: try number(position, 4)) }

    func uint64(_ position: Int) throws -> UInt64 { try number(position, 8) }

    /// Little-endian.
    private func number(_ position: Int, _ length: Int) throws -> UInt64 {
        guard position >= 0, position <= data.count - length else { throw BrokenFile() }
        let start = data.startIndex + position
        return data[start..<start + length].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The place that a flatbuffer's offset leads to.
    func followed(_ position: Int) throws -> Int { position + Int(try uint32(position)) }

    func text(_ position: UInt64, _ length: UInt64) throws -> String {
        guard position <= UInt64(data.count), length <= UInt64(data.count) - position else { throw BrokenFile() }
        let start = data.startIndex + Int(position)
        return String(decoding: data[start..<start + Int(length)], as: UTF8.self)
    }
}

/// A table of a flatbuffer.
struct FlatTable {
    let bytes: Bytes
    let position: Int

    /// Position of a field, nil if it is absent.
    func place(_ number: Int) throws -> Int? {
        let table = position - Int(Int32(bitPattern: try bytes.uint32(position)))
        let slot = 4 + 2 * number
        guard slot + 2 <= Int(try bytes.uint16(table)) else { return nil }
        let offset = Int(try bytes.uint16(table + slot))
        return offset == 0 ? nil : position + offset
    }

    /// First element and number of elements of a vector, nil if the field is absent.
    func vector(_ number: Int) throws -> (start: Int, count: Int)? {
        guard let place = try place(number) else { return nil }
        let start = try bytes.followed(place)
        let count = Int(try bytes.uint32(start))
        guard count <= bytes.count else { throw BrokenFile() }
        return (start + 4, count)
    }

    func tables(_ number: Int) throws -> [FlatTable] {
        guard let vector = try vector(number) else { return [] }
        return try (0..<vector.count).map { index in
            FlatTable(bytes: bytes, position: try bytes.followed(vector.start + 4 * index))
        }
    }

    func text(_ number: Int) throws -> String? {
        guard let vector = try vector(number) else { return nil }
        return try bytes.text(UInt64(vector.start), UInt64(vector.count))
    }
}

/// A message of protobuf: its length-delimited fields.
struct ProtobufMessage {
    private let bytes: Bytes
    private let start: Int
    private let end: Int

    init(bytes: Bytes) { self.init(bytes, 0, bytes.count) }

    private init(_ bytes: Bytes, _ start: Int, _ end: Int) {
        (self.bytes, self.start, self.end) = (bytes, start, end)
    }

    /// Of one number.
    func blocks(_ wanted: Int) throws -> [ProtobufMessage] {
        var found: [ProtobufMessage] = []
        var position = start
        while position < end {
            let tag = try varint(&position)
            switch tag & 7 {
            case 0: _ = try varint(&position)
            case 1: position += 8
            case 5: position += 4
            case 2:
                let length = try varint(&position)
                guard length <= UInt64(max(end - position, 0)) else { throw BrokenFile() }
                if tag >> 3 == UInt64(wanted) { found.append(ProtobufMessage(bytes, position, position + Int(length))) }
                position += Int(length)
            default: throw BrokenFile()
            }
        }
        guard position == end else { throw BrokenFile() }
        return found
    }

    /// The value of a map's key: its entries have key 1 and value 2. The last one counts.
    func entry(of number: Int, _ key: String) throws -> String? {
        try blocks(number).last { try $0.blocks(1).last?.text() == key }.flatMap { try $0.blocks(2).last?.text() }
    }

    private func text() throws -> String { try bytes.text(UInt64(start), UInt64(end - start)) }

    private func varint(_ position: inout Int) throws -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<10 {
            let byte = try bytes.byte(position)
            position += 1
            value |= UInt64(byte & 127) << UInt64(7 * index)
            if byte < 128 { return value }
        }
        throw BrokenFile()
    }
}
