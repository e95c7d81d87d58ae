/// Images that are not what they should be are refused before any process is created, in a clear sentence.

import SystemCalls
import TestSupport
import Testing

extension CommandLine {
  @Suite struct BadImages {
    /// The image of a job that has been killed, so that a restart by mistake would succeed.
    private func goodImage(_ sandbox: Sandbox) throws -> [UInt8] {
      let job = try Job("pipes", in: sandbox)
      try job.checkpointAndKill(to: sandbox["good"])
      return try readBytes(sandbox["good"])
    }

    private func expectRefused(_ sandbox: Sandbox, _ bytes: [UInt8], _ what: String, restart: Bool) throws {
      try writeFile(sandbox["bad"], bytes, mode: 0o600)
      try expectRefused(sandbox, sandbox["bad"], what, restart: restart)
    }

    private func expectRefused(_ sandbox: Sandbox, _ path: String, _ what: String, restart: Bool = true) throws {
      let commands = [["verify", path]] + (restart ? [["restart", path, "--detach"]] : [])
      for command in commands {
        let outcome = try sandbox.crtop(command)
        #expect(outcome.status == .exited(1), "\(what), \(command[0]): \(outcome.summary)")
        #expect(
          outcome.errors.split(separator: "\n").contains { $0.count > 20 && $0.contains(" ") }, "\(what): no sentence")
        #expect(!outcome.errors.contains("Fatal error"), "\(what): \(outcome.summary)")
      }
      #expect(try sandbox.processes() == [], "\(what): a process stays behind")
    }

    @Test(.timeLimit(.minutes(2))) func truncated() throws {
      let sandbox = try Sandbox()
      let image = try goodImage(sandbox)
      var lengths = [1, 7, 8, 16, 63, 64, 100, image.count / 3, image.count / 2, image.count - 1, image.count - 9]
      var generator = SystemRandomNumberGenerator()
      lengths += (0..<8).map { _ in Int.random(in: 0..<image.count, using: &generator) }
      for (index, length) in lengths.enumerated() {
        try expectRefused(sandbox, Array(image.prefix(length)), "first \(length) bytes", restart: index % 4 == 0)
      }
      try expectRefused(sandbox, image + [0], "one byte more", restart: true)
    }

    /// Every byte counts: bits are flipped at the start, at the end, and at random places between.
    @Test(.timeLimit(.minutes(2))) func flipped() throws {
      let sandbox = try Sandbox()
      let image = try goodImage(sandbox)
      var offsets = Array(0..<24) + [image.count - 1, image.count - 8, image.count - 20]
      var generator = SystemRandomNumberGenerator()
      offsets += (0..<20).map { _ in Int.random(in: 24..<image.count, using: &generator) }
      for (index, offset) in offsets.enumerated() {
        var bytes = image
        bytes[offset] ^= UInt8(1 << (index % 8))
        try expectRefused(sandbox, bytes, "byte \(offset) flipped", restart: index % 8 == 0)
      }
      try sandbox.crtopMust("verify", sandbox["good"])
    }

    @Test(.timeLimit(.minutes(1))) func foreign() throws {
      let sandbox = try Sandbox()
      try expectRefused(sandbox, [], "empty file", restart: true)
      try expectRefused(sandbox, [UInt8](repeating: 0, count: 100_000), "zeros", restart: true)
      try expectRefused(sandbox, Array("#!/bin/sh\nexit 0\n".utf8), "a script", restart: true)
      try expectRefused(sandbox, Programs.crtop, "a program")
      try expectRefused(sandbox, sandbox.path, "a directory")
      try expectRefused(sandbox, "/dev/null", "/dev/null")
      try expectRefused(sandbox, sandbox["nothing"], "no file")
    }

    /// Others must not be able to hand root a job.
    @Test(.timeLimit(.minutes(1))) func modeIsPrivate() throws {
      let sandbox = try Sandbox()
      let image = try goodImage(sandbox)
      #expect(try fileMode(sandbox["good"]) == 0o600)
      try writeFile(sandbox["open"], image, mode: 0o666)
      try changeMode(sandbox["open"], 0o666)
      let outcome = try sandbox.crtop("restart", sandbox["open"], "--detach")
      #expect(outcome.status == .exited(1), "an image that anybody can write was restarted")
      #expect(try sandbox.processes() == [])
    }
  }

  @Suite struct Usage {
    @Test(
      .timeLimit(.minutes(1)),
      arguments: [
        ["no-such-command"], ["checkpoint"], ["checkpoint", "me"], ["checkpoint", "1", "2"], ["checkpoint", "-5"],
        ["checkpoint", "1", "--compress", "rar"], ["checkpoint", "1", "--kill", "--leave-frozen"],
        ["checkpoint", "1", "--accept", "everything"], ["restart"], ["verify"], ["freeze"], ["thaw", "x"],
        ["ps", "--no-such-option"],
      ])
    func wrongUsage(_ arguments: [String]) throws {
      let sandbox = try Sandbox()
      var streams = ChildProcess.Streams()
      streams.errors = sandbox["errors"]
      let status = try sandbox.startCrtop(arguments, streams: streams).wait(seconds: 10)
      let errors = try readText(streams.errors)
      #expect(status == .exited(64), "\(arguments): \(errors)")
      #expect(!errors.isEmpty)
    }

    @Test(.timeLimit(.minutes(1))) func noSuchTask() throws {
      let sandbox = try Sandbox()
      for command in ["check", "checkpoint", "freeze", "thaw"] {
        let outcome = try sandbox.crtop(command, "4194000")
        #expect(outcome.status == .exited(1), "\(command): \(outcome.summary)")
        #expect(outcome.errors.contains("4194000"), "\(command): \(outcome.summary)")
      }
    }
  }
}
