/// Defines `Sandbox.forge`: an image that is sound as a file and says something that cannot be.

import CheckpointImage
import Glibc
import ImageSchema
import SystemCalls
import TestSupport

extension Sandbox {
  /// Writes an image like another, with its processes changed and without any pages.
  func forge(_ target: String, from source: String, _ change: (inout [ImageProcess]) throws -> Void) throws {
    var reader = try ImageReader(path: source)
    var metadata = try reader.readMetadata()
    try change(&metadata.processes)
    metadata.header.tasks = UInt32(metadata.processes.count)
    let file = try OwnedDescriptor.open(target, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
    var writer = try ImageWriter(descriptor: file.number, name: target)
    try writer.write(header: metadata.header)
    for process in metadata.processes { try writer.write(process: process) }
    try writer.write(sharedObjects: metadata.sharedObjects)
    _ = try writer.finish(pauseMicroseconds: 0)
  }
}
