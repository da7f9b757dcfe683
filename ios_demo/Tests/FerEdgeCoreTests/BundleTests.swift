import TestBundles
import XCTest

@testable import FerEdgeCore

/// A bundle on disk, then with one thing wrong.
final class BundleTests: XCTestCase {
    private func made() throws -> TestBundle { try TestBundle(contract: ContractTexts.color) }

    private func load(_ bundle: TestBundle) throws -> LoadedArtifact {
        try ModelBundle(folder: bundle.folder).load("coreml-fp16")
    }

    func testASoundBundleIsOpened() throws {
        let made = try made()
        let bundle = try ModelBundle(folder: made.folder)
        XCTAssertEqual(bundle.variants, ["coreml-fp16"])
        XCTAssertEqual(bundle.goldenPaths, ["golden/a.json"])
        XCTAssertEqual(bundle.faults(), [])
        XCTAssertEqual(bundle.sha256, SHA256.hash(try Data(contentsOf: made.url("manifest.json"))))
        let loaded = try bundle.load("coreml-fp16")
        XCTAssertEqual(loaded.contract.text, ContractTexts.color)
        XCTAssertEqual(loaded.url.lastPathComponent, made.package)
        XCTAssertEqual(loaded.artifact.parity.verdict, .notRun)
        XCTAssertEqual(try bundle.read("labels.txt").count, 18)
    }

    func testOneChangedByteOfAPackageIsRefused() throws {
        for path in ["tiny-fp16.mlpackage/Manifest.json", "tiny-fp16.mlpackage/Data/com.apple.CoreML/model.mlmodel"] {
            let made = try made()
            var data = try Data(contentsOf: made.url(path))
            data[10] ^= 1
            try made.put(path, data)
            let found = fault(BundleError.self) { _ = try load(made) }
            XCTAssertEqual(found?.code, .wrongHash)
            XCTAssertEqual(found?.path, path)
            XCTAssertEqual(try ModelBundle(folder: made.folder).faults().count, 1)
        }
    }

    func testAnotherSizeIsRefused() throws {
        let made = try made()
        try made.put(made.model, TestBundle.coreML(ContractTexts.color) + Data([0]))
        XCTAssertEqual(fault(BundleError.self) { _ = try load(made) }?.code, .wrongSize)
        try made.put(made.model, Data([1]))
        XCTAssertEqual(fault(BundleError.self) { _ = try load(made) }?.code, .wrongSize)
    }

    func testAMissingFileALinkOrAFolderIsRefused() throws {
        let made = try made()
        let (files, model) = (FileManager.default, made.url(made.model))
        try files.moveItem(at: model, to: made.url("elsewhere"))
        XCTAssertEqual(fault(BundleError.self) { _ = try load(made) }?.code, .missingFile)
        try files.createSymbolicLink(at: model, withDestinationURL: made.url("elsewhere"))
        XCTAssertEqual(fault(BundleError.self) { _ = try load(made) }?.message.contains("it is a link"), true)
        try files.removeItem(at: model)
        try files.createDirectory(at: model, withIntermediateDirectories: false)
        XCTAssertEqual(fault(BundleError.self) { _ = try load(made) }?.code, .missingFile)
        try files.removeItem(at: made.url("manifest.json"))
        XCTAssertEqual(fault(BundleError.self) { _ = try ModelBundle(folder: made.folder) }?.path, "manifest.json")
    }

    func testContractsThatDifferAreRefused() throws {
        let other = try made()
        try other.put(other.model, TestBundle.coreML(ContractTexts.gray))
        try other.seal()
        XCTAssertEqual(fault(BundleError.self) { _ = try load(other) }?.message.contains("another contract"), true)
        try other.put(other.model, TestBundle.coreML(nil))
        try other.seal()
        XCTAssertEqual(fault(BundleError.self) { _ = try load(other) }?.message.contains("no contract"), true)
        let beside = try made()
        try beside.put("\(beside.package).contract.json", Data(ContractTexts.gray.utf8))
        try beside.seal()
        XCTAssertEqual(fault(BundleError.self) { _ = try load(beside) }?.message.contains("differs from the contract"), true)
    }

    func testABrokenModelIsRefused() throws {
        let made = try made()
        let whole = TestBundle.coreML(ContractTexts.color)
        for length in [0, 1, 3, 20, 60, whole.count - 1] {
            try made.put(made.model, whole.prefix(length))
            try made.seal()
            XCTAssertEqual(fault(BundleError.self) { _ = try load(made) }?.code, .contractDiffers, "\(length) bytes")
        }
    }

    func testAVariantThatIsNotThereIsNamedWithTheReason() throws {
        let made = try made()
        let found = fault(BundleError.self) { _ = try ModelBundle(folder: made.folder).load("tflite-fp32") }
        XCTAssertEqual(
            found?.message, "variant tflite-fp32 is not in this bundle (skipped at export: not asked for); it has coreml-fp16")
    }
}
