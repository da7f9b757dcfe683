import XCTest

@testable import FerEdgeCore

/// The reader of contracts. tests/ios compares it with Python's on thousands of changed documents.
final class ContractTests: XCTestCase {
    private func refused(_ code: DocumentFault, _ text: String, _ words: String..., line: UInt = #line) {
        let found = fault(DocumentError.self, line: line) { _ = try Contract.parse(text) }
        XCTAssertEqual(found?.code, code, found?.message ?? "", line: line)
        for word in words { XCTAssertTrue(found?.message.contains(word) == true, "\(found?.message ?? "") lacks \(word)", line: line) }
    }

    func testASoundContractIsRead() throws {
        let contract = try Contract.parse(ContractTexts.quantized)
        XCTAssertEqual(contract.labels, ["neutral", "happiness"])
        XCTAssertEqual(contract.input.shape, [1, 64, 64, 1])
        XCTAssertEqual(contract.input.type, .int8)
        XCTAssertEqual(contract.camera, CameraSettings(spec: 1, cropMargin: 0.1, mirror: false))
        XCTAssertEqual(contract.inputQuantization, QuantizationParameters(scale: 0.0078125, zeroPoint: -1))
        XCTAssertEqual(contract.outputQuantization, QuantizationParameters(scale: 0.00390625, zeroPoint: -128))
        XCTAssertEqual(contract.text, ContractTexts.quantized)
        XCTAssertEqual(try Contract.parse(ContractTexts.color).input.shape, [1, 3, 64, 64])
    }

    /// Swift's strings call composed and decomposed letters equal; other languages do not.
    func testLabelsAreComparedByTheirBytes() throws {
        let text = ContractTexts.seal(ContractTexts.body(labels: "[\"fr\u{F6}hlich\",\"fro\u{308}hlich\",\"悲しみ\",\"😀\"]"))
        XCTAssertEqual(try Contract.parse(text).labels.count, 4)
        let one = ContractTexts.seal(ContractTexts.body(labels: "[\"\u{F6}\"]"))
        let other = ContractTexts.seal(ContractTexts.body(labels: "[\"o\u{308}\"]"))
        XCTAssertNotEqual(try Contract.parse(one), try Contract.parse(other))
    }

    func testAnotherSchemaIsRefusedBeforeItsMembers() {
        let body = ContractTexts.body().replacingOccurrences(of: "contract/1", with: "contract/2")
        let text = ContractTexts.seal(body.replacingOccurrences(of: "\"model\"", with: "\"models\""))
        refused(.wrongSchema, text, "fer-edge-contract/2", "allowed: fer-edge-contract/1")
    }

    func testAChangedByteIsRefused() {
        let text = ContractTexts.gray.replacingOccurrences(of: "\"mirror\":false", with: "\"mirror\":true")
        refused(.wrongHash, text, "changed after it was written", "from the bundle again")
    }

    func testWhatIsNoStrictJSONIsRefused() {
        refused(.notJSON, ContractTexts.gray + "x", "something after the document")
        refused(.notJSON, "\u{FEFF}" + ContractTexts.gray)
        refused(.notJSON, "")
        refused(.notJSON, String(repeating: "[", count: 100_000), "nested")
        refused(.notJSON, "{\"schema\":NaN}")
        refused(.notJSON, "{\"schema\":01}")
        refused(.illegalValue, "[]", "an object")
        let broken = fault(DocumentError.self) { _ = try Contract.parse(Data([0x22, 0xC3, 0x22])) }
        XCTAssertEqual(broken?.message, "contract: not UTF-8 text")
    }

    func testKeysAreExact() {
        refused(.wrongOrder, ContractTexts.gray.replacingOccurrences(of: "\"model\":", with: "\"model\": "), "blanks")
        refused(.wrongOrder, ContractTexts.gray + "\n", "it must end with")
        let twice = ContractTexts.body().replacingOccurrences(of: "\"model\":\"tiny\"", with: "\"model\":\"a\",\"model\":\"b\"")
        refused(.duplicateKey, ContractTexts.seal(twice), "occurs twice")
        let more = ContractTexts.body(camera: #"{"spec":1,"crop_margin":0,"mirror":false,"zoom":1}"#)
        refused(.unknownKey, ContractTexts.seal(more), "unknown key \"zoom\" in camera")
        refused(.missingKey, ContractTexts.seal(ContractTexts.body(camera: #"{"spec":1,"mirror":false}"#)), "lacks crop_margin")
        let order = ContractTexts.body(camera: #"{"crop_margin":0,"spec":1,"mirror":false}"#)
        refused(.wrongOrder, ContractTexts.seal(order), "order of members in camera")
    }

    func testValuesOutOfRangeAreRefusedWithWhatIsAllowed() {
        typealias Texts = ContractTexts
        let cases = [
            (Texts.body(input: Texts.input(width: "0")), "input.width is 0; allowed: an integer from 1 to 8192"),
            (Texts.body(input: Texts.input(width: "64.0")), "input.width is 64.0"),
            (Texts.body(input: Texts.input(width: "true")), "input.width is true"),
            (Texts.body(input: Texts.input(width: "1" + String(repeating: "0", count: 300))), "an integer from 1 to 8192"),
            (Texts.body(input: Texts.input(channels: 2)), "input.channels is 2; allowed: 1, 3"),
            (Texts.body(input: Texts.input(layout: "HWC")), "input.layout is \"HWC\"; allowed: NCHW, NHWC"),
            (Texts.body(input: Texts.input(type: "float16")), "allowed: float32, int8, uint8"),
            (Texts.body(input: Texts.input(type: "int8")), "scale and zero_point where input.dtype is int8"),
            (Texts.body(quantization: Texts.quantization), "null where input.dtype is float32"),
            (Texts.body(input: Texts.input(kind: "image")), "3 where input.interface is image"),
            (Texts.body(input: Texts.input(kind: "image", channels: 3)), "the graph normalizes"),
            (Texts.body(normalization: #"{"mean":[0.5,0.5],"std":[0.5]}"#), "normalization.mean"),
            (Texts.body(normalization: #"{"mean":[0.5],"std":[0]}"#), "normalization.std"),
            (Texts.body(camera: #"{"spec":2,"crop_margin":0.1,"mirror":false}"#), "camera.spec is 2"),
            (Texts.body(camera: #"{"spec":1,"crop_margin":-1,"mirror":false}"#), "camera.crop_margin is -1"),
            (Texts.body(camera: #"{"spec":1,"crop_margin":1e999,"mirror":false}"#), "camera.crop_margin is 1e999"),
            (Texts.body(camera: #"{"spec":1,"crop_margin":0,"mirror":0}"#), "camera.mirror is 0; allowed: true, false"),
            (Texts.body(output: #"{"name":"p","kind":"classes"}"#), "allowed: probabilities, dictionary, logits"),
            (Texts.body().replacingOccurrences(of: "tiny", with: "../tiny"), "a name that can begin a file name"),
            (Texts.body(labels: "[]"), "labels"), (Texts.body(labels: "[\"a\",\"a\"]"), "each label once"),
            (Texts.body(labels: "[\" \"]"), "labels[0]"), (Texts.body(labels: "[\"bbox\"]"), "any label but"),
            (Texts.body(labels: "[\"a\\nb\"]"), "printable"), (Texts.body(labels: "[1]"), "labels[0] is 1"),
            (Texts.body(labels: "[\"\\ud800\"]"), "lone surrogates"),
        ]
        for (body, words) in cases { refused(.illegalValue, ContractTexts.seal(body), words) }
    }

    func testAModelIsComparedWithItsContract() throws {
        let contract = try Contract.parse(ContractTexts.gray)
        try contract.checkInput(shape: [1, 64, 64, 1], type: .float32)
        try contract.checkOutput(shape: [1, 2], type: .float32)
        let size = fault(ModelError.self) { try contract.checkInput(shape: [1, 48, 48, 1], type: .float32) }
        XCTAssertEqual(size?.code, .inputShape)
        XCTAssertEqual(size?.message.contains("(1, 48, 48, 1)"), true)
        XCTAssertEqual(fault(ModelError.self) { try contract.checkInput(shape: [1, 64, 64, 1], type: .int8) }?.code, .inputType)
        XCTAssertEqual(fault(ModelError.self) { try contract.checkOutput(shape: [1, 8], type: .float32) }?.code, .labelCount)
        XCTAssertEqual(fault(ModelError.self) { try contract.checkOutput(shape: [1, 2], type: .int8) }?.code, .outputType)
    }

    /// FIPS 180-4's examples, and lengths around a block's end against the hash in pieces.
    func testHashes() {
        XCTAssertEqual(SHA256.hash(Data("abc".utf8)), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        XCTAssertEqual(SHA256.hash(Data()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        let million = Data(repeating: UInt8(ascii: "a"), count: 1_000_000)
        XCTAssertEqual(SHA256.hash(million), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        for length in 0..<200 {
            let data = Data((0..<length).map { UInt8($0) })
            var pieces = SHA256()
            for start in stride(from: 0, to: length, by: 7) {
                data[start..<min(start + 7, length)].withUnsafeBytes { pieces.update($0) }
            }
            XCTAssertEqual(pieces.finished(), SHA256.hash(data))
        }
    }
}
