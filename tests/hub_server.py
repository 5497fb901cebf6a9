# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""A hub on this machine that answers as the Hugging Face hub does."""
import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Dict, List, Optional, Tuple

RESOLVE = re.compile(r'/([\w.-]+/[\w.-]+)/resolve/([^/]+)/(.+)')


class HubServer(ThreadingHTTPServer):
    """Repositories of files in commits.

    Attributes:
        commits: (repository, branch, tag or commit) to commit.
        files: (repository, commit) to name to content.
        token: Without it nothing is shown; None for everybody.
        missing: Status of a repository that is not there: with the hub it is
            401 for those who sent no token, 404 for others.
        spoil: 'bytes' sends other content, 'length' too little of it.
        asked: (method, file, authorization) of each request.
    """

    def __init__(self) -> None:
        super().__init__(('127.0.0.1', 0), Handler)
        self.commits: Dict[Tuple[str, str], str] = {}
        self.files: Dict[Tuple[str, str], Dict[str, bytes]] = {}
        self.token: Optional[str] = None
        self.missing, self.spoil = 401, ''
        self.asked: List[Tuple[str, str, Optional[str]]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f'http://127.0.0.1:{self.server_port}'

    def downloads(self) -> List[str]:
        """Files that were sent, in order."""
        return [name for method, name, _ in self.asked if method == 'GET']

    def push(self, repo: str, files: Dict[str, bytes],
             revision: str = 'main') -> str:
        """Make a commit of these files alone.

        Returns:
            Its name.
        """
        text = repr((repo, len(self.files), sorted(files)))
        commit = hashlib.sha1(text.encode()).hexdigest()
        self.commits[repo, revision] = self.commits[repo, commit] = commit
        self.files[repo, commit] = files
        return commit


class Handler(BaseHTTPRequestHandler):
    server: HubServer
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_: object) -> None:
        pass

    def refuse(self, status: int, code: str = '') -> None:
        self.send_response(status)
        if code:
            self.send_header('X-Error-Code', code)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        hub = self.server
        found = RESOLVE.fullmatch(self.path)
        if found is None:
            return self.refuse(404)
        repo, revision, name = found.groups()
        sent = self.headers.get('Authorization')
        hub.asked.append((self.command, name, sent))
        known = any(repo == there for there, _ in hub.commits)
        if not known or hub.token and sent != f'Bearer {hub.token}':
            return self.refuse(hub.missing, 'RepoNotFound')
        commit = hub.commits.get((repo, revision))
        if commit is None:
            return self.refuse(404, 'RevisionNotFound')
        content = hub.files[repo, commit].get(name)
        if content is None:
            return self.refuse(404, 'EntryNotFound')
        # Large files are called by their SHA-256, small ones by Git's.
        digest = hashlib.sha256(content).hexdigest()
        if name.endswith('.json'):
            digest = hashlib.sha1(content).hexdigest()
        whole = len(content)
        if self.command == 'GET':
            if hub.spoil == 'bytes':
                content = bytes([content[0] ^ 1]) + content[1:]
            if hub.spoil == 'length':
                content = content[:-9]
        self.send_response(200)
        self.send_header('ETag', f'"{digest}"')
        self.send_header('X-Linked-Size', str(whole))
        self.send_header('X-Repo-Commit', commit)
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        if self.command == 'GET':
            self.wfile.write(content)
