import Foundation

/// The strict reader of `fer-edge-contract/1`; same rules as the Python one.
enum ContractReader {
    static func read(_ data: Data) throws -> Contract {
        let document = try JSONReader.read("contract", data, limit: limit)
        try json.schema(document, [Contract.schema])
        let found = try json.members(document, "", memberNames, isOrdered: true)
        _ = try json.choice(found["schema"], "schema", [Contract.schema])
        let stated = try json.sha256(found["sha256"], "sha256")
        let input = try input(found["input"])
        let quantization = try quantization(found["quantization"], input)
        return Contract(
            model: try model(found["model"]),
            labels: try labels(found["labels"]),
            input: input,
            camera: try camera(found["camera"]),
            normalization: try json.nullable(found["normalization"], "normalization") { value, key in
                try normalization(value, key, input)
            },
            inputQuantization: quantization.input,
            outputQuantization: quantization.output,
            output: try output(found["output"]),
            sha256: try checkedHash(data, stated),
            text: String(decoding: data, as: UTF8.self))
    }

    /// The hash is over the stored bytes before `,"sha256":"`, plus the closing brace.
    private static func checkedHash(_ data: Data, _ stated: String) throws -> String {
        let ending = Array(",\"sha256\":\"\(stated)\"}".utf8)
        guard data.suffix(ending.count).elementsEqual(ending) else {
            throw DocumentError(
                "contract: it must end with ,\"sha256\":\"<64 hexadecimal digits>\"} and nothing after that", .wrongOrder,
                key: "sha256")
        }
        guard !hasBlanks(data) else {
            throw DocumentError(
                "contract: it has blanks between its members; allowed: compact JSON on one line", .wrongOrder)
        }
        let found = SHA256.hash(data.dropLast(ending.count) + Data("}".utf8))
        guard found == stated else {
            throw DocumentError(
                "contract: sha256 is \(stated); allowed: \(found), the hash of these bytes; the contract was changed after "
                    + "it was written: take it from the bundle again", .wrongHash, key: "sha256")
        }
        return found
    }

    /// Outside of strings.
    private static func hasBlanks(_ data: Data) -> Bool {
        var isInside = false
        var isEscaped = false
        for byte in data {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\"") {
                isInside.toggle()
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if !isInside, " \t\r\n".utf8.contains(byte) {
                return true
            }
        }
        return false
    }

    private static func model(_ value: JSON?) throws -> String {
        let found = try json.string(value, "model", most: modelLength)
        let isFit = !". -".utf8.contains(found.utf8.first!) && !found.utf8.contains { "/\\:*?\"<>|".utf8.contains($0) }
        guard isFit, isPrintable(found) else {
            throw json.fault(
                "model", value,
                "a name that can begin a file name: printable, without / \\ : * ? \" < > | and no dot first")
        }
        return found
    }

    private static func labels(_ value: JSON?) throws -> [String] {
        var seen = Set<JSONText>()
        return try json.array(value, "labels", least: 1, most: mostLabels).enumerated().map { number, entry in
            let key = "labels[\(number)]"
            let label = try json.printable(entry, key, most: nameLength)
            if label.utf8.allSatisfy({ $0 == UInt8(ascii: " ") }) {
                throw json.fault(key, entry, "printable text on one line")
            }
            if Words.reservedLabels.contains(label) {
                throw json.fault(key, entry, "any label but \(Words.reservedLabels.joined(separator: ", "))")
            }
            guard seen.insert(JSONText(label)).inserted else { throw json.fault("labels", entry, "each label once") }
            return label
        }
    }

    private static func input(_ value: JSON?) throws -> InputSpec {
        let names = ["name", "interface", "width", "height", "channels", "layout", "dtype"]
        let found = try json.members(value, "input", names, isOrdered: true)
        let input = InputSpec(
            name: try json.printable(found["name"], "input.name", most: nameLength),
            kind: try json.choice(found["interface"], "input.interface"),
            width: try json.integer(found["width"], "input.width", 1...largestSide),
            height: try json.integer(found["height"], "input.height", 1...largestSide),
            channels: try json.channels(found["channels"], "input.channels"),
            layout: try json.choice(found["layout"], "input.layout"),
            type: try json.choice(found["dtype"], "input.dtype"))
        if input.kind == .image {
            guard input.channels == 3 else {
                throw json.fault("input.channels", found["channels"], "3 where input.interface is image")
            }
            guard input.type != .int8 else {
                throw json.fault("input.dtype", found["dtype"], "float32, uint8 where input.interface is image")
            }
        }
        return input
    }

    private static func camera(_ value: JSON?) throws -> CameraSettings {
        let found = try json.members(value, "camera", ["spec", "crop_margin", "mirror"], isOrdered: true)
        return CameraSettings(
            spec: try json.integer(found["spec"], "camera.spec", 1...1),
            cropMargin: try json.number(
                found["crop_margin"], "camera.crop_margin", allowed: "a finite number, 0 or more"
            ) { $0 >= 0 },
            mirror: try json.boolean(found["mirror"], "camera.mirror"))
    }

    private static func normalization(_ value: JSON, _ key: String, _ input: InputSpec) throws -> Normalization {
        guard input.kind == .tensor else {
            throw json.fault(key, value, "null where input.interface is image (the graph normalizes)")
        }
        let found = try json.members(value, key, ["mean", "std"], isOrdered: true)
        return Normalization(
            mean: try json.means(found["mean"], "\(key).mean", channels: input.channels),
            std: try json.stds(found["std"], "\(key).std", channels: input.channels))
    }

    private static func quantization(
        _ value: JSON?, _ input: InputSpec
    ) throws -> (input: QuantizationParameters?, output: QuantizationParameters?) {
        let found = try json.members(value, "quantization", ["input", "output"], isOrdered: true)
        let ofInput = try json.nullable(found["input"], "quantization.input") { try parameters($0, $1, largest: 127) }
        let ofOutput = try json.nullable(found["output"], "quantization.output") { try parameters($0, $1, largest: 255) }
        if input.type == .int8, ofInput == nil {
            throw json.fault("quantization.input", found["input"], "scale and zero_point where input.dtype is int8")
        }
        if input.type != .int8, ofInput != nil {
            throw json.fault(
                "quantization.input", found["input"], "null where input.dtype is \(input.type.rawValue)")
        }
        return (ofInput, ofOutput)
    }

    private static func parameters(_ value: JSON, _ key: String, largest: Int) throws -> QuantizationParameters {
        let found = try json.members(value, key, ["scale", "zero_point"], isOrdered: true)
        return QuantizationParameters(
            scale: try json.scale(found["scale"], "\(key).scale"),
            zeroPoint: try json.integer(found["zero_point"], "\(key).zero_point", -128...largest))
    }

    private static func output(_ value: JSON?) throws -> OutputSpec {
        let found = try json.members(value, "output", ["name", "kind"], isOrdered: true)
        return OutputSpec(
            name: try json.printable(found["name"], "output.name", most: nameLength),
            kind: try json.choice(found["kind"], "output.kind"))
    }
}

/// Values that golden cases have too.
extension StrictJSON {
    func channels(_ value: JSON?, _ key: String) throws -> Int {
        let found = try integer(value, key, 1...3)
        guard found != 2 else { throw fault(key, value, "1, 3") }
        return found
    }

    func scale(_ value: JSON?, _ key: String) throws -> Double {
        try number(value, key, allowed: "a positive float32 number") { $0 > 1e-37 && $0 < 1e37 }
    }

    func means(_ value: JSON?, _ key: String, channels: Int) throws -> [Double] {
        try array(value, key, least: channels, most: channels).map { entry in
            try number(entry, key, allowed: "finite float32 numbers") { abs($0) < 1e30 }
        }
    }

    /// Smaller ones have no inverse in float32.
    func stds(_ value: JSON?, _ key: String, channels: Int) throws -> [Double] {
        try array(value, key, least: channels, most: channels).map { entry in
            try number(entry, key, allowed: "positive float32 numbers") { $0 >= 1e-6 && $0 < 1e30 }
        }
    }
}

private let limit = 1 << 20
private let largestSide = Words.largestSide
private let mostLabels = Words.mostLabels
private let nameLength = 200
private let modelLength = 100
private let memberNames = [
    "schema", "model", "labels", "input", "camera", "normalization", "quantization", "output", "sha256",
]
private let json = StrictJSON(what: "contract")
