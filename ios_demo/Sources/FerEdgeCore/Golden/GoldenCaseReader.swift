import Foundation

/// The strict reader of golden cases. Numbers of a frame are read as they are: the frame refuses what does not fit.
enum GoldenCaseReader {
    static func read(_ data: Data) throws -> GoldenCase {
        let document = try JSONReader.read("golden case", data, limit: limit)
        let names = ["name", "frame", "rotation", "mirror", "box", "crop_margin", "target", "expect", "probabilities"]
        let found = try json.members(document, "", names, optional: ["probabilities"])
        return GoldenCase(
            name: try json.string(found["name"], "name"),
            rotation: try wide(found["rotation"], "rotation"),
            mirror: try json.boolean(found["mirror"], "mirror"),
            corners: try json.nullable(found["box"], "box", corners),
            cropMargin: try json.number(found["crop_margin"], "crop_margin"),
            expect: try expectation(found["expect"]),
            probabilities: try found["probabilities"].map(probabilities),
            stored: try frame(found["frame"]),
            target: try target(found["target"]))
    }

    private static func expectation(_ value: JSON?) throws -> GoldenCase.Expectation {
        if try json.object(value, "expect")["error"] != nil {
            let found = try json.members(value, "expect", ["error"])
            return .error(try json.choice(found["error"], "expect.error", errorWords))
        }
        let found = try json.members(value, "expect", ["upright_sha256", "scaled_sha256", "tensor_sha256"])
        func hash(_ name: String) throws -> String { try json.sha256(found[name], "expect.\(name)") }
        return .hashes(
            GoldenCase.Hashes(
                upright: try hash("upright_sha256"), scaled: try hash("scaled_sha256"), tensor: try hash("tensor_sha256")))
    }

    private static func probabilities(_ value: JSON) throws -> [Float] {
        try json.array(value, "probabilities").map { Float(try json.number($0, "probabilities")) }
    }

    /// Their number is not checked, since cases ask for boxes that are none.
    private static func corners(_ value: JSON, _ key: String) throws -> [Double] {
        try json.array(value, key).map { try json.number($0, key) }
    }

    private static func frame(_ value: JSON?) throws -> StoredFrame {
        let kind = try json.choice(try json.object(value, "frame")["kind"], "frame.kind", ["rgba", "yuv420"])
        let planes = kind == "rgba" ? ["row_stride", "data"] : ["y", "u", "v"]
        let found = try json.members(value, "frame", ["kind", "width", "height"] + planes)
        return StoredFrame(
            width: try wide(found["width"], "frame.width"),
            height: try wide(found["height"], "frame.height"),
            planes: kind == "rgba"
                ? .rgba(
                    StoredPlane(
                        data: try base64(found["data"], "frame.data"),
                        rowStride: try wide(found["row_stride"], "frame.row_stride"),
                        pixelStride: 4))
                : .yuv(
                    y: try plane(found["y"], "frame.y"), u: try plane(found["u"], "frame.u"),
                    v: try plane(found["v"], "frame.v")))
    }

    private static func plane(_ value: JSON?, _ key: String) throws -> StoredPlane {
        let found = try json.members(value, key, ["data", "row_stride", "pixel_stride"])
        return StoredPlane(
            data: try base64(found["data"], "\(key).data"),
            rowStride: try wide(found["row_stride"], "\(key).row_stride"),
            pixelStride: try wide(found["pixel_stride"], "\(key).pixel_stride"))
    }

    /// Its size is not checked as a contract's, since cases ask for wrong sizes too.
    private static func target(_ value: JSON?) throws -> Target {
        let names = ["width", "height", "channels", "layout", "dtype", "mean", "std", "scale", "zero_point"]
        let found = try json.members(value, "target", names)
        let input = InputSpec(
            name: "image",
            kind: .tensor,
            width: try wide(found["width"], "target.width"),
            height: try wide(found["height"], "target.height"),
            channels: try json.channels(found["channels"], "target.channels"),
            layout: try json.choice(found["layout"], "target.layout"),
            type: try json.choice(found["dtype"], "target.dtype"))
        return Target(
            input: input, normalization: try normalization(found, input.channels),
            quantization: try quantization(found, input.type))
    }

    private static func normalization(_ found: JSONObject, _ channels: Int) throws -> Normalization? {
        let mean = try json.nullable(found["mean"], "target.mean") { try json.means($0, $1, channels: channels) }
        let std = try json.nullable(found["std"], "target.std") { try json.stds($0, $1, channels: channels) }
        guard let mean, let std else {
            guard mean == nil, std == nil else {
                throw json.fault("target.std", found["std"], "null where mean is null, else a list")
            }
            return nil
        }
        return Normalization(mean: mean, std: std)
    }

    private static func quantization(_ found: JSONObject, _ type: ElementType) throws -> QuantizationParameters? {
        let scale = try json.nullable(found["scale"], "target.scale", json.scale)
        let zeroPoint = try json.nullable(found["zero_point"], "target.zero_point") {
            try json.integer($0, $1, -128...127)
        }
        for (name, isNull) in [("scale", scale == nil), ("zero_point", zeroPoint == nil)] where isNull == (type == .int8) {
            let allowed = "\(isNull ? "a number" : "null") where dtype is \(type.rawValue)"
            throw json.fault("target.\(name)", found[name], allowed)
        }
        guard let scale, let zeroPoint else { return nil }
        return QuantizationParameters(scale: scale, zeroPoint: zeroPoint)
    }

    private static func wide(_ value: JSON?, _ key: String) throws -> Int { try json.integer(value, key, -widest...widest) }

    private static func base64(_ value: JSON?, _ key: String) throws -> Data {
        guard case .string(let text)? = value, let data = Data(base64Encoded: Data(text.bytes)) else {
            throw json.fault(key, value, "base64 text")
        }
        return data
    }
}

private let json = StrictJSON(what: "golden case")
private let limit = 64 << 20
private let widest = 1 << 31
private let errorWords = ["y", "u", "v", "rgba", "box", "rotation", "size", "stride"]
