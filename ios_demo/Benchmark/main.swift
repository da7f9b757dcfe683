import CAllocations
// One 640x480 frame of the format 420f, turned by 90 degrees as on a phone held upright, to the model's input tensor: the
// frames of android_demo/benchmark. A line of JSON a record.
import FerEdgeCore
import Foundation

/// Sealed contracts by the tensor's width, height and channels, float32 NHWC.
let contracts: KeyValuePairs = [
    "64x64x1":
        #"""
        {"schema":"fer-edge-contract/1","model":"benchmark","labels":["neutral","happiness"],\#
        "input":{"name":"image","interface":"tensor","width":64,"height":64,"channels":1,"layout":"NHWC","dtype":"float32"},"camera":{"spec":1,"crop_margin":0.1,"mirror":false},\#
        "normalization":{"mean":[0.5],"std":[0.5]},"quantization":{"input":null,"output":null},"output":{"name":"probabilities","kind":"probabilities"},\#
        "sha256":"afc31cd5cfbbcd6e28974838a9e0f53d2ec62b3faa204ea6b3ba933f8ef26d26"}
        """#,
    "224x224x3":
        #"""
        {"schema":"fer-edge-contract/1","model":"benchmark","labels":["neutral","happiness"],\#
        "input":{"name":"image","interface":"tensor","width":224,"height":224,"channels":3,"layout":"NHWC","dtype":"float32"},"camera":{"spec":1,"crop_margin":0.1,"mirror":false},\#
        "normalization":{"mean":[0.485,0.456,0.406],"std":[0.485,0.456,0.406]},"quantization":{"input":null,"output":null},"output":{"name":"probabilities","kind":"probabilities"},\#
        "sha256":"e6e912f36a9c5ef04319f96b09e0dd51be75db2bec170b3d82a5fb2803429032"}
        """#,
]

/// Faces that move by a pixel from frame to frame, so that no table serves twice.
let faces = (0..<16).map { index in
    FaceBox(x0: 100.5 + Double(index), y0: 150.25, x1: 340.5 + Double(index), y1: 390.75 + Double(index % 3))
}

let luma = (0..<640 * 480).map { _ in UInt8.random(in: 0...255) }
let chroma = (0..<640 * 240).map { _ in UInt8.random(in: 0...255) }

/// Of this thread: what other programs do at the same time does not count.
func processorNanoseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return 1_000_000_000 * time.tv_sec + time.tv_nsec
}

func measure(_ contract: Contract, isWhole: Bool, target: String) throws {
    let path = CameraPath(contract)
    let frame = CameraFrame()
    try luma.withUnsafeBytes { y in
        try chroma.withUnsafeBytes { cbcr in
            func run(_ count: Int) throws {
                for number in 0..<count {
                    try frame.set420f(
                        y: y, cbcr: cbcr, width: 640, height: 480, yRowStride: 640, cbcrRowStride: 640, rotation: 90)
                    try path.prepare(frame, box: isWhole ? nil : faces[number % faces.count])
                }
            }
            try run(100)
            let count = target == "64x64x1" ? 500 : 50
            let samples = try (0..<16).map { _ in
                let start = processorNanoseconds()
                try run(count)
                return Double(processorNanoseconds() - start) / 1e6 / Double(count)
            }
            let before = allocations_so_far()
            try run(1000)
            report(target, isWhole, samples, allocations: allocations_so_far() - before)
        }
    }
}

func report(_ target: String, _ isWhole: Bool, _ samples: [Double], allocations: Int) {
    let sorted = samples.sorted()
    let texts = samples.map { String(format: "%.4f", $0) }
    print(
        "{\"target\": \"\(target)\", \"part\": \"\(isWhole ? "whole" : "face")\", "
            + "\"milliseconds\": \(String(format: "%.4f", (sorted[7] + sorted[8]) / 2)), "
            + "\"allocations_in_1000_frames\": \(allocations), "
            + "\"samples_milliseconds\": [\(texts.joined(separator: ", "))]}")
}

for (target, text) in contracts {
    let contract = try Contract.parse(text)
    for isWhole in [true, false] { try measure(contract, isWhole: isWhole, target: target) }
}
