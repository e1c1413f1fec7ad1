/// A server that answers as it is told, over real TLS. One process serves all tests; each test has a path of its
/// own under which it sets routes and reads what was asked. The process ends when its standard input does.
let stubScript = #"""
  import base64, http.server, json, os, shutil, socketserver, ssl, subprocess, sys, tempfile, threading
  from urllib.parse import parse_qsl, unquote, urlsplit

  folder = tempfile.mkdtemp(prefix="pawl-kube-stub-")
  changed = threading.Condition()
  worlds = {}

  def openssl(*arguments):
      subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

  def authority(name):
      openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
              "-keyout", name + ".key", "-out", name + ".crt", "-subj", "/CN=" + name)

  def certificate(name, names, days="2", ca="ca"):
      openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
              "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name)
      with open(os.path.join(folder, name + ".ext"), "w") as file:
          file.write("subjectAltName=" + names + "\n")
      openssl("x509", "-req", "-in", name + ".csr", "-CA", ca + ".crt", "-CAkey", ca + ".key", "-days", days,
              "-extfile", name + ".ext", "-out", name + ".crt")

  def read(name):
      with open(os.path.join(folder, name), "rb") as file:
          return base64.b64encode(file.read()).decode()

  class Handler(http.server.BaseHTTPRequestHandler):
      protocol_version = "HTTP/1.1"
      def log_message(self, *arguments): pass

      def serve(self):
          parts = urlsplit(self.path)
          body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
          segments = parts.path.split("/", 2)
          world, path = segments[1], "/" + (segments[2] if len(segments) > 2 else "")
          query = dict(parse_qsl(parts.query))
          if path == "/__routes":
              with changed:
                  worlds[world] = {"routes": json.loads(body), "log": []}
              return self.send(200, {}, "{}")
          if path == "/__log":
              return self.send(200, {}, json.dumps(self.wait(world, query)))
          peer = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
          subject = dict(x[0] for x in (peer or {}).get("subject", ()))
          self.note(world, {"event": "request", "method": self.command, "path": path, "query": query,
                            "body": body, "peer": subject.get("commonName", ""),
                            "headers": {k.lower(): v for k, v in self.headers.items()}})
          self.reply(world, path, query)

      do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

      def note(self, world, entry):
          with changed:
              worlds.setdefault(world, {"routes": [], "log": []})["log"].append(entry)
              changed.notify_all()

      def wait(self, world, query):
          def matching():
              return [e for e in worlds[world]["log"] if e["event"] == query.get("event", "request")]
          with changed:
              changed.wait_for(lambda: len(matching()) >= int(query.get("count", "0")), timeout=30)
              return matching()

      def choose(self, world, path, query):
          with changed:
              for route in worlds[world]["routes"]:
                  wanted = route.get("query", {})
                  if route.get("method", "GET") == self.command and route["path"] == unquote(path) \
                     and all(query.get(k) == v for k, v in wanted.items()):
                      replies = route["replies"]
                      return replies.pop(0) if len(replies) > 1 else replies[0]
          return {"status": 404, "body": {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404,
                                          "message": "the stub has no route"}}

      def reply(self, world, path, query):
          reply = self.choose(world, path, query)
          if "chunks" in reply:
              self.send_response(reply.get("status", 200))
              self.send_header("Transfer-Encoding", "chunked")
              self.end_headers()
              for chunk in reply["chunks"]:
                  data = chunk.encode()
                  self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                  self.wfile.flush()
          elif "status" in reply:
              body = reply.get("body", {})
              self.send(reply["status"], reply.get("headers", {}),
                        body if isinstance(body, str) else json.dumps(body))
          ending = reply.get("then", "end")
          if ending == "hang":
              self.hold()
              self.note(world, {"event": "closed", "method": self.command, "path": path, "query": query,
                                "body": "", "peer": "", "headers": {}})
          if ending in ("hang", "abort"):
              self.close_connection = True
          elif "chunks" in reply:
              self.wfile.write(b"0\r\n\r\n")

      def hold(self):
          self.connection.settimeout(60)
          try: self.connection.recv(1)
          except OSError: pass

      def send(self, status, headers, body):
          data = body.encode()
          self.send_response(status)
          for name, value in headers.items():
              self.send_header(name, value)
          self.send_header("Content-Type", "application/json")
          self.send_header("Content-Length", str(len(data)))
          self.end_headers()
          self.wfile.write(data)

  class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
      daemon_threads = True
      request_queue_size = 64
      context = None
      def get_request(self):
          connection, address = self.socket.accept()
          if self.context:
              connection = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
          return connection, address
      def handle_error(self, *arguments): pass

  def listen(name=None, verify=ssl.CERT_OPTIONAL):
      server = Server(("127.0.0.1", 0), Handler)
      if name:
          context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
          context.load_cert_chain(os.path.join(folder, name + ".crt"), os.path.join(folder, name + ".key"))
          context.load_verify_locations(os.path.join(folder, "ca.crt"))
          context.verify_mode = verify
          server.context = context
      threading.Thread(target=server.serve_forever, daemon=True).start()
      return server.server_address[1]

  try:
      authority("ca")
      authority("other")
      certificate("server", "IP:127.0.0.1,DNS:localhost")
      certificate("named", "DNS:kube.example")
      certificate("expired", "IP:127.0.0.1", days="-1")
      certificate("client", "DNS:client")
      certificate("stranger", "DNS:stranger", ca="other")
      ports = {"standard": listen("server"), "strict": listen("server", ssl.CERT_REQUIRED),
               "named": listen("named"), "expired": listen("expired"), "clear": listen()}
      files = {name: read(name) for name in os.listdir(folder) if name.endswith((".crt", ".key"))}
      print(json.dumps({"ports": ports, "files": files, "folder": folder}), flush=True)
      sys.stdin.read()
  finally:
      shutil.rmtree(folder, ignore_errors=True)
  """#
