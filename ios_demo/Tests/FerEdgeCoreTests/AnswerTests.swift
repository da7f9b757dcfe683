import XCTest

@testable import FerEdgeCore

final class AnswerTests: XCTestCase {
    /// exp(0) and exp(ln 3): 1/4 and 3/4.
    func testSoftmaxByHand() {
        var values: [Float] = [0, 1.0986123]
        softmax(&values)
        XCTAssertEqual(values[0], 0.25, accuracy: 1e-6)
        XCTAssertEqual(values[1], 0.75, accuracy: 1e-6)
    }

    func testSoftmaxDoesNotOverflow() {
        var values: [Float] = [1e30, -1e30, 1e30]
        softmax(&values)
        XCTAssertEqual(values, [0.5, 0, 0.5])
        var none: [Float] = []
        softmax(&none)
    }

    func testRankingPutsTheHighestFirstAndKeepsTheOrderOfEquals() {
        let answer = Prediction(labels: ["a", "b", "c", "d"], probabilities: [0.2, 0.3, 0.2, 0.3])
        XCTAssertEqual(answer.label, "b")
        XCTAssertEqual(answer.top(4).map(\.label), ["b", "d", "a", "c"])
        XCTAssertEqual(answer.top(2), [Guess(label: "b", probability: 0.3), Guess(label: "d", probability: 0.3)])
        XCTAssertEqual(answer.top(9).count, 4)
        XCTAssertEqual(answer.top(-1), [])
    }

    /// (64 - -128) / 256 = 0.75; as unsigned with zero point -128 the byte -64 is 192: 1.25.
    func testQuantizedOutputIsRead() throws {
        let contract = try Contract.parse(ContractTexts.quantized)
        let output: [Int8] = [64, -64]
        try output.withUnsafeBytes { bytes in
            XCTAssertEqual(try OutputReader(contract, type: .int8).read(bytes), [0.75, 0.25])
            XCTAssertEqual(try OutputReader(contract, type: .uint8).read(bytes), [0.75, 1.25])
        }
    }

    func testAnAnswerThatIsNoneIsRefused() throws {
        let reader = try OutputReader(try Contract.parse(ContractTexts.gray), type: .float32)
        let missing = fault(ModelError.self) { _ = try [Float.nan, 1].withUnsafeBytes { try reader.read($0) } }
        XCTAssertEqual(missing?.code, .notFinite)
        XCTAssertEqual(missing?.message.contains("neutral"), true)
        let long = fault(ModelError.self) { _ = try [Float(0), 1, 2].withUnsafeBytes { try reader.read($0) } }
        XCTAssertEqual(long?.code, .labelCount)
        let other = fault(ModelError.self) { _ = try OutputReader(try Contract.parse(ContractTexts.gray), type: .int8) }
        XCTAssertEqual(other?.code, .outputType)
    }
}
