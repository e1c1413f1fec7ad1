import Foundation
import Testing

@testable import PawlSteps

/// The script on a host is asked of real members, by each kind of shell.
@Suite(
  "Members of a real etcd", .enabled(if: EtcdScene.isPossible, "needs root, etcd and util-linux"),
  .serialized,
  .timeLimit(.minutes(3)))
struct EtcdMembersTests {
  static let shells = [["/bin/dash"], ["/bin/bash"], ["/bin/busybox", "sh"]]

  /// The one answer on a host.
  private func answer(
    _ scene: EtcdScene, on host: String, shell: [String] = ["/bin/sh"]
  ) async throws -> EtcdAnswer {
    let output = try await scene.ask(on: host, shell: shell)
    let answers = EtcdAnswer.all(in: output)
    #expect(answers.count == 1, "\(output)")
    return try #require(answers.first)
  }

  /// Asks until the members have found each other; what is so after a minute is what comes back.
  private func untilWell(_ scene: EtcdScene, on host: String) async throws -> EtcdAnswer {
    let end = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < end {
      let answer = EtcdAnswer.all(in: try await scene.ask(on: host)).first
      if let answer, !answer.quorum.members.isEmpty,
        answer.quorum.healthy.count == answer.quorum.members.count
      {
        return answer
      }
    }
    return try await answer(scene, on: host)
  }

  @Test("Each host knows its own member, however it is set up, and who of the others is well")
  func threeMembers() async throws {
    let scene = try await EtcdScene(["m1", "m2", "m3"])
    do {
      try scene.startByFlags("m1")
      try scene.startByEnvironment("m2")
      try scene.startInContainer("m3")
      #expect(try await untilWell(scene, on: "m1").quorum.count == "3 members, 3 healthy")
      for shell in Self.shells {
        for host in ["m1", "m2", "m3"] {
          let answer = try await answer(scene, on: host, shell: shell)
          #expect(answer.trouble == nil)
          #expect(answer.own == host)
          #expect(answer.quorum.count == "3 members, 3 healthy")
        }
      }
      try await changeMembers(scene)
      try await loseMembers(scene)
    } catch {
      await scene.finish()
      throw error
    }
    await scene.finish()
  }

  /// A learner does not count, a member that was added and never started does.
  private func changeMembers(_ scene: EtcdScene) async throws {
    _ = try await scene.etcdctl(
      on: "m1", "member", "add", "m4", "--learner", "--peer-urls=http://127.0.0.1:1")
    #expect(try await answer(scene, on: "m1").quorum.count == "3 members, 3 healthy")
    _ = try await scene.etcdctl(on: "m1", "member", "add", "m5", "--peer-urls=http://127.0.0.1:2")
    let quorum = try await answer(scene, on: "m1").quorum
    let added = try #require(quorum.members.first { !["m1", "m2", "m3"].contains($0) })
    #expect(
      quorum.arithmetic(without: "m1") == "4 members, 3 healthy (not \(added)), 3 needed; taking m1 leaves 2")
    #expect(!quorum.keeps(without: "m1"))
    _ = try await scene.etcdctl(on: "m1", "member", "remove", added)
  }

  private func loseMembers(_ scene: EtcdScene) async throws {
    await scene.end("m3")
    let two = try await answer(scene, on: "m1", shell: ["/bin/busybox", "sh"])
    #expect(
      two.quorum.arithmetic(without: two.own ?? "")
        == "3 members, 2 healthy (not m3), 2 needed; taking m1 leaves 1")
    #expect(EtcdAnswer.all(in: try await scene.ask(on: "m3")).isEmpty, "no process, no answer")
    await scene.end("m2")
    // Whether etcd still gives its list without a leader depends on its version.
    let one = try await answer(scene, on: "m1")
    #expect(one.trouble != nil || one.quorum.count == "3 members, 0 healthy (not m1, m2, m3)")
    try scene.startByEnvironment("m2")
    try scene.startInContainer("m3")
    #expect(try await untilWell(scene, on: "m3").own == "m3")
  }

  @Test("Where etcdctl is refused, the answer says so and nothing of members")
  func refusedCertificates() async throws {
    let scene = try await EtcdScene(["m1"])
    do {
      try scene.startInContainer("m1")
      #expect(try await untilWell(scene, on: "m1").quorum.members == ["m1"])
      try await scene.takeHealthCertificate(on: "m1")
      let answer = try await answer(scene, on: "m1")
      #expect(answer.quorum.members.isEmpty)
      #expect(
        answer.trouble?.text.hasPrefix("etcdctl says: Error: ") == true,
        "\(String(describing: answer.trouble))")
      #expect(answer.trouble?.mayPass == true)
    } catch {
      await scene.finish()
      throw error
    }
    await scene.finish()
  }
}
