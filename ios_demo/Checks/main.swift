// Takes questions, a line of JSON each, and answers each with a line of JSON; the project's tests compare with Python.
//
//   {"kind": "contract" | "manifest" | "vector", "data": BASE64}   null, or why the document is refused
//   {"kind": "run", "data": BASE64}                                a golden vector's hashes, or "error"
//   {"kind": "load", "data": BASE64 OF "FOLDER\nVARIANT"}          null, or why the artifact is refused
import FerEdgeCore
import Foundation

struct Question: Decodable {
    let kind: String
    let data: Data
}

func answer(_ question: Question) throws -> Any {
    do {
        switch question.kind {
        case "contract": _ = try Contract.parse(question.data)
        case "manifest": _ = try Manifest.parse(question.data)
        case "vector": _ = try GoldenCase.parse(question.data)
        case "load": try load(String(decoding: question.data, as: UTF8.self))
        default:
            let found = try GoldenCase.parse(question.data).run()
            return ["upright": found.upright, "scaled": found.scaled, "tensor": found.tensor]
        }
        return NSNull()
    } catch let error as any FerEdgeError {
        return question.kind == "run" && error is FrameError ? "error" : error.message
    }
}

func load(_ lines: String) throws {
    let parts = lines.split(separator: "\n").map(String.init)
    _ = try ModelBundle(folder: URL(fileURLWithPath: parts[0])).load(parts[1])
}

while let line = readLine() {
    let found = try answer(JSONDecoder().decode(Question.self, from: Data(line.utf8)))
    let text = try JSONSerialization.data(withJSONObject: found, options: [.fragmentsAllowed, .sortedKeys])
    print(String(decoding: text, as: UTF8.self))
}
