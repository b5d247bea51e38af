"""Which files of the program hold wanted sites, and compiling them with the sites rewritten."""

import os

try:  # hashlib loads OpenSSL, which takes longer than all else here
    from _sha2 import sha256
except ImportError:
    try:
        from _sha256 import sha256
    except ImportError:
        from hashlib import sha256


class Wanted:
    """The `files` of config.json, found again by path, by content, or by module name."""

    def __init__(self, files, folder, on_sites):
        self._folder = folder
        self._on_sites = on_sites
        self.on_code = None  # called with the code of each wanted file
        self._by_path = {}
        self._by_sha = {}
        self._by_module = {}
        self._names = set()
        self._reported = set()
        self._ran = set()
        for entry in files:
            self._by_path[os.path.realpath(entry["file"])] = entry
            self._by_sha[entry.get("sha256")] = entry
            if entry.get("module"):
                self._by_module[entry["module"]] = entry
            base = os.path.basename(entry["file"])
            self._names.add(base)
            self._names.add(os.path.splitext(base)[0])
            if base == "__init__.py":
                self._names.add(os.path.basename(os.path.dirname(entry["file"])))

    def may_be_module(self, fullname):
        """Cheap test by the last part of the name, before any file is touched."""
        return fullname.rpartition(".")[2] in self._names

    def may_be_file(self, path):
        return os.path.basename(path) in self._names

    def entry(self, path, module, source=None):
        """(entry, how) for a file that Python is about to run; (None, '') when it is not wanted."""
        real = os.path.realpath(path)
        found = self._by_path.get(real)
        if found is not None:
            return found, "path"
        if not self.may_be_file(path):
            return None, ""
        if source is None:
            try:
                with open(path, "rb") as file:
                    source = file.read()
            except OSError:
                return None, ""
        found = self._by_sha.get(sha256(source).hexdigest())
        if found is not None:
            return found, "content"
        found = self._by_module.get(module) if module not in (None, "__main__") else None
        return (found, "module") if found is not None else (None, "")

    def was_rewritten(self, filename):
        """True for the file of a code object whose sites record themselves."""
        return os.path.realpath(filename) in self._ran

    def compile(self, source, path, filename, module, is_script=False):
        """Code object of a wanted file with its sites rewritten; None when nothing is to be rewritten.
        Raises SyntaxError as compile() does; never raises for a fault of ours."""
        entry, how = self.entry(path, module, source)
        if entry is None and not is_script:
            return None
        from predictscope import transform

        tree = transform.parse(source, filename)
        try:
            if entry is not None:
                tree = transform.rewrite(tree, self._choose(tree, source, path, entry, how))
            if is_script:
                tree = transform.insert_main_call(tree)
            code = compile(tree, filename, "exec", dont_inherit=True)
            if self.on_code is not None:
                self.on_code(code)
            return code
        except Exception as error:  # a fault of ours: the program gets its own code
            self._fault(path, error)
            tree = transform.parse(source, filename)
            if is_script:
                tree = transform.insert_main_call(tree)
            return compile(tree, filename, "exec", dont_inherit=True)

    def _choose(self, tree, source, path, entry, how):
        """{call node: site index} of the wanted calls in the tree of a file, and says so in the records."""
        from predictscope import transform

        exact = sha256(source).hexdigest() == entry.get("sha256")
        chosen, missing = transform.find(tree, source, entry["sites"], exact)
        self._report(entry, path, how, exact, chosen, missing)
        if chosen:
            self._on_sites()
        return chosen

    def around(self, tree, source, path, rewrite):
        """Lets `rewrite()` change the tree of a file in place (pytest's assertions), then rewrites the sites
        in what it made of them: in its messages the program's own text stays."""
        from predictscope import transform

        places = {}
        try:
            entry, how = self.entry(path, None, source)
            if entry is not None:
                chosen = self._choose(tree, source, path, entry, how)
                places = {transform.place(node): index for node, index in chosen.items()}
        except Exception as error:
            self._fault(path, error)
        rewrite()
        try:
            if places:
                transform.rewrite(tree, transform.at(tree, places))
        except Exception as error:
            self._fault(path, error)

    def _fault(self, path, error):
        self._folder.problem("The call sites in %s could not be timed: %s." % (path, error))

    def _report(self, entry, path, how, exact, chosen, missing):
        real = os.path.realpath(path)
        self._ran.add(real)
        if (entry["file"], real) in self._reported:
            return
        self._reported.add((entry["file"], real))
        self._folder.write(
            t="file",
            file=entry["file"],
            ran=real,
            match=how,
            same=exact,
            sites=sorted(chosen.values()),
            missing=missing,
        )
