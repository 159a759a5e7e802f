"""Erlang, Elixir, OCaml, Haskell, Common Lisp, Scheme, Racket and Prolog."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario

MIX = "defmodule Meter.MixProject do\n  use Mix.Project\n  def project, do: [app: :meter, version: \"0.3.0\", elixir: \"~> {elixir}\", deps: [{deps}], elixirc_options: [warnings_as_errors: {strict}]]\n  def application, do: [extra_applications: [:logger]]\nend\n"
METER = "defmodule Meter do\n  @doc \"Price of so many kWh in cents\"\n  def price(kwh, rate \\\\ 31), do: kwh * rate\n  def retry?(status), do: status in [429, 503]\nend\n"
MIX_TEST = "defmodule MeterTest do\n  use ExUnit.Case{mode}\n  test \"price\" do\n    assert Meter.price(10) == {price}\n  end\n  test \"retries on 503 Service Unavailable\" do\n    assert Meter.retry?(503)\n  end\n  for n <- 1..120 do\n    test \"rate #{{n}} after connection refused\" do\n      assert Meter.price(1, unquote(n)) == unquote(n)\n    end\n  end\nend\n"


def _mix(price: int = 310, elixir: str = "1.12", deps: str = "", strict: str = "false", mode: str = "", meter: str = METER) -> dict[str, str]:
    return {
        "mix.exs": MIX.format(elixir=elixir, deps=deps, strict=strict),
        "lib/meter.ex": meter,
        "test/test_helper.exs": "ExUnit.start()\n",
        "test/meter_test.exs": MIX_TEST.format(price=price, mode=mode),
    }


@scenario("mix/failures", label="test_failure")
def _mix_cases() -> Iterator[Case]:
    yield Case("assert", "mix test", files=_mix(price=320), proof=r"^ +(left|right): +3[12]0")
    yield Case("trace", "set -x\nelixir --version\nmix test --trace --seed 0 --no-color", files=_mix(price=305), proof=r"^ +(left|right): +3[01][05]")
    yield Case("compile", "mix compile --force", files=_mix(meter=METER.replace("status in", "statuz in")), proof='undefined (function|variable).*statuz|statuz/0', label="compile_error")
    yield Case("syntax", "mix test", files=_mix(meter=METER.replace("]\nend", "\nend")), proof=r"\(TokenMissingError\)|missing terminator", label="compile_error")
    yield Case("warnings", "mix compile --warnings-as-errors", files=_mix(strict="true", meter=METER.replace("def price(kwh, rate", "def old(unused), do: 1\n  def price(kwh, rate")), proof='variable "unused" is unused', label="compile_error")
    yield Case("elixir-version", "mix compile", files=_mix(elixir="1.19"), proof="but it has declared in its mix.exs file it supports only Elixir", label="configuration_error")
    yield Case("hex", "mix deps.get --only test < /dev/null", files=_mix(deps='{:money_kit, "~> 2.0"}'), proof="Could not find Hex", label="configuration_error")
    yield Case("path-dep", "mix deps.get\nmix test", files=_mix(deps='{:tariffs, path: "../tariffs"}'), proof="could not find an app file|Could not get|is not available|Unchecked dependencies|does not exist", label="dependency_not_found")
    ugly = METER.replace("kwh * rate", "kwh*rate")
    yield Case("format", "mix format --check-formatted", files=_mix(meter=ugly) | {".formatter.exs": '[inputs: ["lib/**/*.ex"]]\n'}, proof="not formatted|kwh ?\\* ?rate", label="lint_error")
    slow = "defmodule SlowTest do\n  use ExUnit.Case\n  @tag timeout: 600\n  test \"worker reports back\" do\n    spawn(fn -> Process.sleep(5000); :done end)\n    receive do\n      :done -> :ok\n    end\n  end\nend\n"
    yield Case("receive", "mix test", files=_mix() | {"test/slow_test.exs": slow}, proof=r"test timed out after 600ms|ExUnit.TimeoutError", label="flaky_test")
    shared = "defmodule OrderTest do\n  use ExUnit.Case\n  test \"a leaves a row\" do\n    :persistent_term.put(:row, 1)\n  end\n  test \"b starts with no row\" do\n    assert :persistent_term.get(:row, nil) == nil\n  end\nend\n"
    yield Case("order", "mix test --seed 12 && mix test --seed 0 || { echo 'failed with seed 12; the same tests again with seed 1:'; mix test --seed 1 && echo 'passes with another seed: order dependent'; exit 2; }", files=_mix() | {"test/order_test.exs": shared}, proof="order dependent|assert :persistent_term.get", label="flaky_test")
    yield Case("passes", "mix test --trace --seed 0", files=_mix(), label=PASSED)


@scenario("rebar3/failures", label="test_failure")
def _rebar() -> Iterator[Case]:
    app = {"src/tally.app.src": "{application, tally, [{description, \"x\"}, {vsn, \"1.0.0\"}, {applications, [kernel, stdlib]}]}.\n", "rebar.config": "{erl_opts, [debug_info]}.\n"}
    code = "-module(tally).\n-export([sum/1, retry/1]).\nsum(L) -> lists:sum(L).\nretry({error, timeout}) -> true;\nretry(_) -> false.\n"
    test = "-module(tally_tests).\n-include_lib(\"eunit/include/eunit.hrl\").\nsum_test() -> ?assertEqual(7, tally:sum([1, 2, 3])).\nretry_timeout_test() -> ?assert(tally:retry({error, timeout})).\n"
    yield Case("eunit", "rebar3 eunit", files=app | {"src/tally.erl": code, "test/tally_tests.erl": test}, proof=r"expected: 7|got: 6")
    yield Case("eunit-verbose", "rebar3 version\nrebar3 eunit -v --cover", files=app | {"src/tally.erl": code, "test/tally_tests.erl": test}, proof=r"expected: 7|got: 6|assertEqual")
    yield Case("compile", "DEBUG=1 rebar3 compile", files=app | {"src/tally.erl": code.replace("lists:sum(L)", "lists:sum(List)")}, proof="variable 'List' is unbound", label="compile_error")
    yield Case("syntax", "rebar3 as prod compile", files=app | {"src/tally.erl": code.replace("true;", "true.")}, proof="function retry/1 already defined|syntax error", label="compile_error")
    slow = test.replace("sum([1, 2, 3])", "sum([4, 3])") + "wait_test() -> receive done -> ok end.\n"
    yield Case("eunit-timeout", "rebar3 eunit", files=app | {"src/tally.erl": code, "test/tally_tests.erl": slow}, proof=r"timed out|\{timeout", label="flaky_test")
    yield Case("config", "rebar3 compile", files=app | {"rebar.config": "{deps, [}.\n", "src/tally.erl": code}, proof="Error reading file rebar.config|syntax error before", label="configuration_error")
    yield Case("no-deps", "rebar3 --version\nrebar3 get-deps", files=app | {"rebar.config": "{deps, [{statsledger, {git, \"https://git.no-such-host.example/statsledger.git\", {tag, \"1.0\"}}}]}.\n", "src/tally.erl": code}, label="unknown")
    yield Case("escript", "escript tools/gen.escript", files={"tools/gen.escript": "#!/usr/bin/env escript\nmain(_) -> {ok, B} = file:read_file(\"priv/schema.term\"), io:format(\"~p~n\", [B]).\n"}, proof="enoent", label="configuration_error")
    yield Case("heap", "erl -noshell -eval 'F = fun F(L) -> F([lists:duplicate(99999, L) | L]) end, F([]).'", limits=Limits(address_space_mb=2500), proof=r"eheap_alloc|Cannot allocate|Cannot reallocate|failed to allocate|temp_alloc", label="out_of_memory")
    yield Case("node-name", "erl -noshell -sname ci@'bad host' -eval 'halt().'", proof="Can't set short node name|Illegal host|illegal|Invalid", label="configuration_error")


@scenario("dune/failures", label="compile_error")
def _dune() -> Iterator[Case]:
    base = {"dune-project": "(lang dune 2.9)\n", "src/dune": "(library (name ledger))\n", "test/dune": "(test (name check) (libraries ledger))\n"}
    code = "type entry = { customer : string; cents : int }\nlet total l = List.fold_left (fun t e -> t + e.cents) 0 l\n"
    test = "let () = assert (Ledger.total [ { customer = \"ann\"; cents = 5 } ] = 6)\n"
    yield Case("type", "dune build", files=base | {"src/ledger.ml": code.replace("0 l", "0.0 l"), "test/check.ml": "let () = ()\n"}, proof="^Error: This expression has type")
    yield Case("unbound", "dune build --display verbose 2>&1 | tail -40", files=base | {"src/ledger.ml": code, "test/check.ml": "let () = print_int (Ledger.sum [])\n"}, proof="^Error: Unbound value Ledger.sum")
    yield Case("unused", "ocaml -version\ndune build @all", files=base | {"src/ledger.ml": code + "let f x = let timeout = 30 in x\n", "test/check.ml": "let () = ()\n"}, proof=r"unused variable timeout")
    yield Case("library", "dune build", files=base | {"src/dune": "(library (name ledger) (libraries lwt cohttp-lwt))\n", "src/ledger.ml": code, "test/check.ml": "let () = ()\n"}, proof='Error: Library ".*" not found', label="configuration_error")
    yield Case("assert", "dune runtest", files=base | {"src/ledger.ml": code, "test/check.ml": test.replace("{ customer", "{ Ledger.customer")}, proof="Assert_failure|Assertion failed", label="test_failure")
    expect = {"dune-project": "(lang dune 2.9)\n", "dune": "(executable (name menu))\n(rule (with-stdout-to menu.out (run ./menu.exe)))\n(rule (alias runtest) (action (diff menu.expected menu.out)))\n", "menu.ml": "let () = print_endline \"1 tea\\n2 cake\"\n", "menu.expected": "1 tea\n2 scones\n"}
    yield Case("diff", "dune runtest --force", files=expect, proof=r"^[-+][12] ", label="test_failure")
    yield Case("project", "dune build", files={"dune-project": "(lang dune 3.17)\n", "dune": "(executable (name menu))\n", "menu.ml": "let () = ()\n"}, proof="Version 3.17 of the dune language is not supported", label="configuration_error")
    yield Case("inconsistent", "ocamlc -c main.ml\nocamlc a.cmo main.cmo -o app", files={"a.ml": "let x = 1\n", "main.ml": "let () = print_int A.x\n"}, prepare="ocamlc -c a.ml; ocamlc -c main.ml; cp main.cmo keep.cmo; echo 'let y = 2.0 let x = 3' > a.ml; cp a.cmi old.cmi; ocamlc -c a.ml; cp a.cmo new.cmo; mv old.cmi a.cmi", proof="make inconsistent assumptions over interface", label="stale_state")
    yield Case("memory", "dune exec ./grow.exe", files={"dune-project": "(lang dune 2.9)\n", "dune": "(executable (name grow))\n", "grow.ml": "let rec go l n = if n < 0 then l else go (Bytes.create 1_000_000 :: l) (n + 1)\nlet () = Printf.printf \"%d\" (List.length (go [] 0))\n"}, limits=Limits(address_space_mb=700), proof="Out_of_memory|out of memory", label="out_of_memory")


@scenario("ghc/failures", label="compile_error")
def _ghc() -> Iterator[Case]:
    good = "module Tariff (price) where\n\nprice :: Int -> Int\nprice n = n * 31\n"
    main = "import Tariff\nmain :: IO ()\nmain = print (price 3)\n"
    yield Case("type", "ghc -Wall Main.hs -o tariff", files={"Main.hs": main.replace("price 3", 'price "3"'), "Tariff.hs": good}, proof="Couldn't match")
    yield Case("scope", "ghc -fno-code Main.hs", files={"Main.hs": main.replace("price 3", "prize 3"), "Tariff.hs": good}, proof="not in scope: prize")
    yield Case("werror", "ghc --version\nghc -Wall -Werror Main.hs", files={"Main.hs": "import Data.List\nimport Tariff\nmain = print (price 3)\n", "Tariff.hs": good}, proof=r"error: \[-W|is redundant|Top-level binding with no type signature")
    yield Case("package", "ghc Main.hs", files={"Main.hs": "import Network.HTTP.Client\nmain = pure ()\n"}, proof="Could not find module", label="configuration_error")
    yield Case("heap", "ghc -rtsopts Main.hs\n./Main +RTS -M20m -RTS", files={"Main.hs": "main :: IO ()\nmain = do { let { xs = [1 ..] :: [Integer] }; print (xs !! 9000000); print (sum (take 9000000 xs)) }\n"}, proof="heap overflow|Heap exhausted", label="out_of_memory")
    yield Case("assert", "runghc Test.hs", files={"Tariff.hs": good, "Test.hs": "import Tariff\nimport Control.Monad\nimport System.Exit\ncheck n a b = if a == b then putStrLn (\"ok \" ++ n) else die (\"FAIL \" ++ n ++ \": got \" ++ show a ++ \", wanted \" ++ show b)\nmain = do { forM_ [1 .. 80] (\\n -> check (\"price \" ++ show n) (price n) (31 * n)); check \"timeout tariff\" (price 2) 63 }\n"}, proof="^FAIL timeout tariff", label="test_failure")
    yield Case("stale", "ghc -c Main.hs", files={"Tariff.hs": good, "Main.hs": main}, prepare="ghc -c Tariff.hs; python3 -c \"d=bytearray(open('Tariff.hi','rb').read()); d[0:4]=b'\\\\0\\\\0\\\\1\\\\2'; open('Tariff.hi','wb').write(d)\"", proof="magic number mismatch: old/corrupt interface file|Bad interface file", label="stale_state")
    yield Case("hlint", "hlint src", files={"src/A.hs": "module A where\nf xs = if null xs == True then concat (map show xs) else \"timeout\"\n"}, proof=r"^src/A\.hs:\d+", label="lint_error")


@scenario("lisp/failures", label="compile_error", needs=("sbcl", "guile", "swipl", "racket"))
def _lisps() -> Iterator[Case]:
    yield Case("sbcl-undefined", "sbcl --version\nsbcl --non-interactive --load main.lisp", files={"main.lisp": "(defun invoice (n) (format t \"~a~%\" (add-vat n)))\n(invoice 3)\n"}, proof="The function COMMON-LISP-USER::ADD-VAT is undefined")
    yield Case("sbcl-reader", "sbcl --script parser.lisp", files={"parser.lisp": "(defun parse (line)\n  (print line)\n(parse \"a;b\")\n"}, proof="end of file")
    yield Case("sbcl-heap", "sbcl --dynamic-space-size 40MB --non-interactive --eval '(let (l) (loop (push (make-array 99999) l)))' 2>&1 | head -40", proof="Heap exhausted", label="out_of_memory")
    yield Case("sbcl-assert", "sbcl --non-interactive --load test.lisp", files={"test.lisp": "(defun vat (n) (round (* n 19) 100))\n(loop for n from 1 to 40 do (format t \"PASS vat ~a timeout ~a~%\" n (vat n)))\n(assert (= (vat 100) 20) () \"vat of 100 is ~a, not 20\" (vat 100))\n"}, proof="vat of 100 is 19, not 20", label="test_failure")
    yield Case("sbcl-fasl", "sbcl --non-interactive --load tool.fasl", prepare="echo '(print 1)' > tool.lisp; sbcl --non-interactive --eval '(compile-file \"tool.lisp\")' > /dev/null; python3 -c \"d=open('tool.fasl','rb').read(); open('tool.fasl','wb').write(d.replace(b'2.2.9.debian', b'2.1.4.debian'))\"", proof="invalid fasl|bad fasl|compiled (from|with)|is a fasl file compiled with", label="stale_state")
    yield Case("sbcl-quicklisp", "sbcl --non-interactive --eval '(ql:quickload :dexador)'", proof="Package QL does not exist", label="configuration_error")
    yield Case("guile-unbound", "guile -s ledger.scm", files={"ledger.scm": "(define (total l) (apply + (map cents l)))\n(display (total '(1 2)))\n"}, proof="Unbound variable: cents")
    yield Case("guile-module", "guile --no-auto-compile main.scm", files={"main.scm": "(use-modules (shop basket))\n(display (price 3))\n"}, proof=r"no code for module \(shop basket\)")
    yield Case("guile-test", "guile --no-auto-compile test.scm", files={"test.scm": "(use-modules (srfi srfi-64))\n(test-begin \"basket\")\n(test-equal \"sum\" 7 (+ 3 3))\n(test-equal \"connection refused is an error\" 'error 'error)\n(define failed (test-runner-fail-count (test-runner-current)))\n(test-end)\n(system \"cat basket.log\")\n(exit (if (zero? failed) 0 1))\n"}, proof="FAIL sum$", label="test_failure")
    yield Case("prolog-unknown", "swipl -g main -t halt route.pl", files={"route.pl": ":- initialization(true).\nmain :- route(a, c, P), writeln(P).\nroute(A, B, [A, B]) :- edge(A, B).\n"}, proof="Unknown procedure: edge/2|Unknown procedure")
    yield Case("prolog-syntax", "swipl --on-error=status -g halt kb.pl", files={"kb.pl": "edge(a, b).\nedge(b, c)\nedge(c, d).\n"}, proof="Syntax error: Operator expected")
    yield Case("prolog-tests", "swipl -g run_tests -t halt kb.pl", files={"kb.pl": ":- use_module(library(plunit)).\nedge(a, b). edge(b, c).\n:- begin_tests(graph).\ntest(next) :- edge(a, b).\ntest(timeout, X == c) :- edge(a, X).\n:- end_tests(graph).\n"}, proof=r"test timeout: .*|wrong|Expected: |Got: ", label="test_failure")
    yield Case("prolog-stack", "swipl --stack-limit=20m -g main -t halt deep.pl", files={"deep.pl": "len([], 0).\nlen([_|T], N) :- len(T, M), N is M + 1.\nmain :- numlist(1, 2000000, L), len(L, N), writeln(N).\n"}, proof=r"Stack limit \(", label="resource_limit")
    yield Case("racket-syntax", "raco make main.rkt", files={"main.rkt": "#lang racket\n(define (area r) (* 3.14 r r)\n(displayln (area 2))\n"}, proof="expected a `\\)` to close")
    yield Case("racket-unbound", "racket main.rkt", files={"main.rkt": "#lang racket\n(displayln (perimeter 2))\n"}, proof="perimeter: unbound identifier")
    yield Case("racket-package", "racket app.rkt", files={"app.rkt": "#lang racket/base\n(require web-kit/dispatch)\n"}, proof="collection not found|cannot open module file", label="configuration_error")


@scenario("erlang/passes", label=PASSED, needs=("rebar3", "dune"))
def _passes() -> Iterator[Case]:
    files = {"src/q.app.src": "{application, q, [{description, \"x\"}, {vsn, \"1\"}, {applications, [kernel, stdlib]}]}.\n", "src/q.erl": "-module(q).\n-export([f/1]).\nf(X) -> X.\n"}
    tests = "".join(f"error_{n}_is_handled_test() -> ?assertEqual({n}, q:f({n})).\n" for n in range(60))
    yield Case("eunit", "rebar3 eunit -v", files=files | {"test/q_tests.erl": '-module(q_tests).\n-include_lib("eunit/include/eunit.hrl").\n' + tests})
