/// The strict reader of what a manifest says of an artifact's checks.
enum CheckReader {
    static func parity(_ value: JSON?, _ key: String, _ version: Int) throws -> Parity {
        let names = ["verdict", "reason", "engine", "inputs", "max_abs", "mean_abs", "top1_agreement", "limit"]
        let isOld = version < 2
        let found = try json.members(
            value, key, names + (isOld ? [] : ["code", "inputs_source", "p99_abs", "agreement_interval"]))
        let parity = Parity(
            verdict: try json.choice(found["verdict"], "\(key).verdict"),
            reason: try json.nullable(found["reason"], "\(key).reason", text),
            engine: try json.nullable(found["engine"], "\(key).engine", text),
            inputs: try json.nullable(found["inputs"], "\(key).inputs", count),
            maxAbs: try json.nullable(found["max_abs"], "\(key).max_abs", number),
            meanAbs: try json.nullable(found["mean_abs"], "\(key).mean_abs", number),
            top1Agreement: try json.nullable(found["top1_agreement"], "\(key).top1_agreement", share),
            limit: try json.nullable(found["limit"], "\(key).limit", limit),
            code: isOld ? nil : try json.nullable(found["code"], "\(key).code", code),
            inputsSource: isOld ? nil : try json.nullable(found["inputs_source"], "\(key).inputs_source", text),
            p99Abs: isOld ? nil : try json.nullable(found["p99_abs"], "\(key).p99_abs", number),
            agreementInterval: isOld
                ? nil
                : try json.nullable(found["agreement_interval"], "\(key).agreement_interval") {
                    try interval($0, $1, share)
                })
        try check(parity, key)
        return parity
    }

    private static func check(_ parity: Parity, _ key: String) throws {
        if parity.verdict == .notRun, parity.reason == nil {
            throw json.fault("\(key).reason", .null, "a reason where the verdict is not-run")
        }
        let isMeasured = parity.engine != nil && parity.inputs != nil && parity.maxAbs != nil && parity.limit != nil
        if parity.verdict == .pass, !isMeasured {
            throw json.fault(
                "\(key).verdict", .string(JSONText("pass")), "pass only with engine, inputs, max_abs and limit")
        }
    }

    private static func limit(_ value: JSON, _ key: String) throws -> ParityLimit {
        let found = try json.members(value, key, ["max_abs", "top1_agreement"])
        return ParityLimit(
            maxAbs: try json.number(found["max_abs"], "\(key).max_abs"),
            top1Agreement: try share(found["top1_agreement"], "\(key).top1_agreement"))
    }

    static func faithful(_ value: JSON, _ key: String) throws -> Faithful {
        let found = try json.members(value, key, ["verdict", "code", "reason", "weights", "ranges", "layers"])
        let faithful = Faithful(
            verdict: try json.choice(found["verdict"], "\(key).verdict"),
            code: try json.nullable(found["code"], "\(key).code", code),
            reason: try json.nullable(found["reason"], "\(key).reason", text),
            weights: try json.nullable(found["weights"], "\(key).weights", tally),
            ranges: try json.nullable(found["ranges"], "\(key).ranges", tally),
            layers: try json.nullable(found["layers"], "\(key).layers", layers))
        if faithful.verdict != .pass, faithful.reason == nil {
            throw json.fault("\(key).reason", .null, "a reason where the verdict is no pass")
        }
        return faithful
    }

    private static func tally(_ value: JSON, _ key: String) throws -> Tally {
        let found = try json.members(value, key, ["verdict", "compared", "wrong", "worst"])
        return Tally(
            verdict: try json.choice(found["verdict"], "\(key).verdict"),
            compared: try count(found["compared"], "\(key).compared"),
            wrong: try count(found["wrong"], "\(key).wrong"),
            worst: try json.nullable(found["worst"], "\(key).worst", number))
    }

    private static func layers(_ value: JSON, _ key: String) throws -> LayerAnswers {
        let found = try json.members(value, key, ["aligned", "unaligned", "weakest"])
        return LayerAnswers(
            aligned: try count(found["aligned"], "\(key).aligned"),
            unaligned: try count(found["unaligned"], "\(key).unaligned"),
            weakest: try json.nullable(found["weakest"], "\(key).weakest") { value, key in
                let weakest = try json.members(value, key, ["module", "snr_db"])
                return WeakestLayer(
                    module: try text(weakest["module"], "\(key).module"),
                    snrDb: try json.number(weakest["snr_db"], "\(key).snr_db"))
            })
    }

    static func weightAudit(_ value: JSON, _ key: String) throws -> WeightAudit {
        let found = try json.members(value, key, ["verdict", "tensors", "max_abs"])
        return WeightAudit(
            verdict: try json.choice(found["verdict"], "\(key).verdict"),
            tensors: try count(found["tensors"], "\(key).tensors"),
            maxAbs: try json.nullable(found["max_abs"], "\(key).max_abs", number))
    }

    static func accuracy(_ value: JSON, _ key: String) throws -> Accuracy {
        let names = ["source", "samples", "reference", "artifact", "drop_interval", "verdict"]
        let found = try json.members(value, key, names)
        return Accuracy(
            source: try text(found["source"], "\(key).source"),
            samples: try count(found["samples"], "\(key).samples"),
            reference: try share(found["reference"], "\(key).reference"),
            artifact: try share(found["artifact"], "\(key).artifact"),
            dropInterval: try json.nullable(found["drop_interval"], "\(key).drop_interval") {
                try interval($0, $1, number)
            },
            verdict: try json.choice(found["verdict"], "\(key).verdict"))
    }

    static func calibration(_ value: JSON, _ key: String) throws -> Calibration {
        let found = try json.members(value, key, ["source", "sha256", "images", "classes"])
        return Calibration(
            source: try text(found["source"], "\(key).source"),
            sha256: try json.sha256(found["sha256"], "\(key).sha256"),
            images: try count(found["images"], "\(key).images"),
            classes: try ManifestReader.mapping(found["classes"], "\(key).classes", count))
    }

    private static func interval(
        _ value: JSON, _ key: String, _ read: (JSON, String) throws -> Double
    ) throws -> Interval {
        let ends = try json.array(value, key, least: 2, most: 2)
        return Interval(low: try read(ends[0], key), high: try read(ends[1], key))
    }

    private static func text(_ value: JSON?, _ key: String) throws -> String {
        try json.string(value, key, most: longText)
    }

    private static func code(_ value: JSON, _ key: String) throws -> String {
        try json.choice(value, key, Words.codes)
    }

    private static func number(_ value: JSON, _ key: String) throws -> Double { try json.number(value, key) }

    private static func share(_ value: JSON?, _ key: String) throws -> Double {
        try json.number(value, key, allowed: "a number from 0 to 1") { (0...1).contains($0) }
    }

    private static func count(_ value: JSON?, _ key: String) throws -> Int {
        try json.integer(value, key, 0...largestCount)
    }
}

private let json = manifestJSON
private let longText = 4000
private let largestCount = 1 << 40
