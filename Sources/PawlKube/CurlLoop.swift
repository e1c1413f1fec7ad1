import CCurl
import Foundation
import Synchronization

/// libcurl's multi interface on a thread of its own. Every handle lives and dies on that thread; the rest of
/// the program hands it values and gets values back.
final class CurlLoop: Sendable {
  typealias Completion = @Sendable (Result<HTTPResponse, HTTPFailure>) -> Void

  private let inbox: Inbox

  init() throws(HTTPFailure) {
    guard Self.libraryIsReady, let multi = curl_multi_init() else {
      throw HTTPFailure(kind: .setup, detail: "libcurl can't be initialised")
    }
    let handle = MultiHandle(pointer: multi)
    let inbox = Inbox(handle)
    self.inbox = inbox
    let thread = Thread { LoopThread(inbox: inbox, multi: handle.pointer).run() }
    thread.name = "pawl-kube"
    thread.start()
  }

  deinit { inbox.close() }

  /// Sends a request. Cancelling the task takes it off the wire.
  func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
    let id = inbox.nextID()
    let result: Result<HTTPResponse, HTTPFailure> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        inbox.post(.start(id, request, { continuation.resume(returning: $0) }))
        // The handler below may have run before the request was there to be cancelled.
        if Task.isCancelled { inbox.post(.cancel(id)) }
      }
    } onCancel: {
      inbox.post(.cancel(id))
    }
    return try result.get()
  }

  private static let libraryIsReady = pawl_curl_global_init() == CURLE_OK
}

/// What the loop is asked to do.
private enum LoopCommand: Sendable {
  case start(UInt64, HTTPRequest, CurlLoop.Completion)
  case cancel(UInt64)
}

/// The multi handle on its way between threads. The loop's thread owns it; others may wake it, nothing else.
private struct MultiHandle: @unchecked Sendable {
  // SAFETY: after it was handed to the loop's thread, other threads call curl_multi_wakeup on it only, the one
  // call that libcurl allows from any thread, and under the inbox's lock, which the loop's thread takes before
  // it frees the handle.
  fileprivate let pointer: UnsafeMutableRawPointer

  func wake() { curl_multi_wakeup(pointer) }
}

/// The way onto the loop's thread.
private final class Inbox: Sendable {
  private struct State {
    var commands: [LoopCommand] = []
    var multi: MultiHandle?
    var lastID: UInt64 = 0
  }

  private let state: Mutex<State>

  init(_ multi: MultiHandle) { state = Mutex(State(multi: multi)) }

  func nextID() -> UInt64 {
    state.withLock {
      $0.lastID += 1
      return $0.lastID
    }
  }

  func post(_ command: LoopCommand) {
    let accepted = state.withLock { state in
      guard let multi = state.multi else { return false }
      state.commands.append(command)
      multi.wake()
      return true
    }
    if !accepted, case .start(_, _, let completion) = command {
      completion(.failure(HTTPFailure(kind: .cancelled, detail: "the client is closed")))
    }
  }

  /// After this no command is taken and the handle is not touched any more.
  func close() {
    state.withLock {
      $0.multi?.wake()
      $0.multi = nil
    }
  }

  /// The commands since the last time, and whether there will be more.
  func take() -> (commands: [LoopCommand], isOpen: Bool) {
    state.withLock { state in
      defer { state.commands = [] }
      return (state.commands, state.multi != nil)
    }
  }
}

/// The loop itself; owned by its thread.
private struct LoopThread {
  let inbox: Inbox
  let multi: UnsafeMutableRawPointer
  private var transfers: [UInt64: CurlTransfer] = [:]
  private var ids: [UnsafeMutableRawPointer: UInt64] = [:]
  /// With nothing to do the thread sleeps until it is woken; libcurl shortens the sleep for its own timers.
  private static let longestSleep: Int32 = 60_000

  init(inbox: Inbox, multi: UnsafeMutableRawPointer) {
    self.inbox = inbox
    self.multi = multi
  }

  consuming func run() {
    pawl_curl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
    pawl_curl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, 64)
    while true {
      let (commands, isOpen) = inbox.take()
      for command in commands { obey(command) }
      guard isOpen else { break }
      var running: Int32 = 0
      guard curl_multi_perform(multi, &running) == CURLM_OK else { break }
      collect()
      guard curl_multi_poll(multi, nil, 0, Self.longestSleep, nil) == CURLM_OK else { break }
    }
    shutDown()
  }

  private mutating func obey(_ command: LoopCommand) {
    switch command {
    case .start(let id, let request, let completion):
      do throws(HTTPFailure) {
        let transfer = try CurlTransfer(request, completion: completion)
        guard curl_multi_add_handle(multi, transfer.handle) == CURLM_OK else {
          throw HTTPFailure(kind: .setup, detail: "curl_multi_add_handle failed")
        }
        transfers[id] = transfer
        ids[transfer.handle] = id
      } catch {
        completion(.failure(error))
      }
    case .cancel(let id):
      remove(id)?.cancel()
    }
  }

  private mutating func collect() {
    var handle: UnsafeMutableRawPointer?
    var code = CURLE_OK
    while pawl_curl_multi_next_done(multi, &handle, &code) == 1 {
      guard let handle, let id = ids[handle] else { continue }
      // The outcome is read from the handle, so it comes before the removal.
      transfers[id]?.finish(code)
      _ = remove(id)
    }
  }

  private mutating func remove(_ id: UInt64) -> CurlTransfer? {
    guard let transfer = transfers.removeValue(forKey: id) else { return nil }
    ids[transfer.handle] = nil
    curl_multi_remove_handle(multi, transfer.handle)
    return transfer
  }

  private mutating func shutDown() {
    inbox.close()
    for command in inbox.take().commands { obey(command) }
    for id in Array(transfers.keys) { remove(id)?.cancel() }
    curl_multi_cleanup(multi)
  }
}
