"""Compiled languages beside the big ones: Fortran, Ada, Pascal, D, Nim, Crystal, Vala, COBOL, assembly, hardware languages, proofs."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario

MAKE = "FC = gfortran\nOBJ = grid.o solve.o\nheat: $(OBJ)\n\t$(FC) -o $@ $(OBJ)\n%.o: %.f90\n\t$(FC) -Wall -c $<\n"
GRID = "module grid\n  implicit none\n  integer, parameter :: n = 40\ncontains\n  pure real function mean(a)\n    real, intent(in) :: a(:)\n    mean = sum(a) / size(a)\n  end function\nend module\n"
SOLVE = "program solve\n  use grid\n  implicit none\n  real :: a(n)\n  a = 2.0\n  print *, mean(a)\nend program\n"


@scenario("gfortran/failures", label="compile_error", needs=("gfortran", "make"))
def _fortran() -> Iterator[Case]:
    files = {"Makefile": MAKE, "grid.f90": GRID, "solve.f90": SOLVE}
    yield Case("type", "make heat", files=files | {"solve.f90": SOLVE.replace("mean(a)", "mean(n)")}, proof="^Error: ")
    yield Case("implicit", "make -k heat", files=files | {"solve.f90": SOLVE.replace("a = 2.0", "b = 2.0")}, proof="has no IMPLICIT type")
    yield Case("module", "make solve.o", files={"Makefile": MAKE, "solve.f90": SOLVE}, proof="Cannot open module file|Fatal Error")
    yield Case("link", "gfortran -c grid.f90 solve.f90\ngfortran solve.o -o heat", files=files, proof="undefined reference to `__grid_MOD_mean'")
    yield Case("mod-version", "make solve.o", files=files, prepare="gfortran -c grid.f90; printf \"GFORTRAN module version '12' created from grid.f90\\n\" | gzip > grid.mod", proof="Cannot read module file|created by a different version", label="stale_state")
    yield Case("bounds", "gfortran -fcheck=all -g test.f90 -o t && ./t", files={"test.f90": "program t\n  integer :: a(3), i\n  do i = 1, 60\n    print *, 'ok', i, 'timeout'\n  end do\n  i = size(a) + 1\n  a(i) = 1\nend program\n"}, proof="Index '4' of dimension 1 of array 'a' above upper bound", label="test_failure")
    yield Case("allocate", "gfortran grow.f90 -o grow && ./grow", files={"grow.f90": "program grow\n  real(8), allocatable :: a(:)\n  print *, 'allocating the grid'\n  allocate(a(200000000))\n  a = 1\n  print *, a(5)\nend program\n"}, limits=Limits(address_space_mb=900), proof="Error allocating|Allocation would exceed memory limit", label="out_of_memory")
    yield Case("disk", "make heat", files=files, limits=Limits(disk_mb=1, inodes=4), proof="No space left on device", label="disk_full")


@scenario("gnatmake/failures", label="compile_error", needs=("gnatmake",))
def _ada() -> Iterator[Case]:
    spec = "package Stack is\n   procedure Push (X : Integer);\n   function Top return Integer;\nend Stack;\n"
    body = "package body Stack is\n   Data : array (1 .. 8) of Integer := (others => 0);\n   N : Natural := 0;\n   procedure Push (X : Integer) is\n   begin\n      N := N + 1;\n      Data (N) := X;\n   end Push;\n   function Top return Integer is (Data (N));\nend Stack;\n"
    main = "with Stack; with Ada.Text_IO;\nprocedure Main is\nbegin\n   for I in 1 .. 9 loop\n      Stack.Push (I);\n      Ada.Text_IO.Put_Line (Stack.Top'Image);\n   end loop;\nend Main;\n"
    files = {"stack.ads": spec, "stack.adb": body, "main.adb": main}
    yield Case("type", "gnatmake -gnatwa main.adb", files=files | {"main.adb": main.replace("Push (I)", 'Push ("I")')}, proof=r"^main\.adb:\d+:\d+: (error: )?expected")
    yield Case("missing-body", "gnatmake main.adb", files={"stack.ads": spec, "main.adb": main}, proof="stack.ads must be compiled|cannot generate code|needs body|body is missing|not found")
    yield Case("style", "gnatmake -gnaty -gnatwe -gnat2012 main.adb", files=files | {"main.adb": main.replace("   for I", "  for I")}, proof=r"\(style\)", label="lint_error")
    yield Case("raised", "gnatmake -q -gnata main.adb\n./main", files=files, proof="raised CONSTRAINT_ERROR", label="test_failure")
    yield Case("parser", "gcc -c main.adb", files=files | {"main.adb": main.replace("end loop;", "end;")}, proof='missing "end loop;"|"end loop;" expected|expected for')
    yield Case("deadlock", "gnatmake -q wait.adb\ntimeout -v 3 ./wait", files={"wait.adb": "with Ada.Text_IO;\nprocedure Wait is\n   protected Gate is\n      entry Pass;\n   private\n      Open : Boolean := False;\n   end Gate;\n   protected body Gate is\n      entry Pass when Open is begin null; end Pass;\n   end Gate;\nbegin\n   Ada.Text_IO.Put_Line (\"waiting at the gate\");\n   Gate.Pass;\nend Wait;\n"}, proof="timeout: sending signal TERM", label="hang")


@scenario("fpc/failures", label="compile_error")
def _pascal() -> Iterator[Case]:
    unit = "unit Bank;\n{$mode objfpc}\ninterface\nfunction Interest(c: Int64): Int64;\nimplementation\nfunction Interest(c: Int64): Int64;\nbegin\n  Result := c div 20;\nend;\nend.\n"
    program = "program Report;\n{$mode objfpc}\nuses Bank;\nbegin\n  WriteLn(Interest(200));\nend.\n"
    files = {"bank.pas": unit, "report.pas": program}
    yield Case("type", "fpc -vewn report.pas", files=files | {"report.pas": program.replace("200", "'200'")}, proof=r"Error: (Incompatible type|Got )")
    yield Case("identifier", "fpc report.pas", files=files | {"report.pas": program.replace("Interest(", "Intrest(")}, proof="Error: Identifier not found")
    yield Case("unit", "fpc -Mobjfpc report.pas", files={"report.pas": program}, proof="Can't find unit Bank")
    yield Case("syntax", "fpc -l report.pas", files=files | {"bank.pas": unit.replace("Result := c div 20;\nend;", "Result := c div 20\nendd;")}, proof=r"(Fatal|Error): (Syntax error|Identifier)")
    yield Case("runtime", "fpc -v0 check.pas\n./check", files={"check.pas": "program Check;\nvar i, d: Integer;\nbegin\n  for i := 5 downto 0 do begin d := i; WriteLn('connection ', 100 div d); end;\nend.\n"}, proof="Runtime error 200", label="test_failure")
    yield Case("heap", "fpc -v0 big.pas\n./big", files={"big.pas": "program Big;\ntype P = array[0..99999999] of Byte;\nvar i: Integer; q: ^P;\nbegin\n  for i := 1 to 90 do begin New(q); FillChar(q^, SizeOf(P), 1); WriteLn('block ', i); end;\nend.\n"}, limits=Limits(address_space_mb=700), proof="Runtime error 203", label="out_of_memory")


@scenario("ldc2/failures", label="compile_error")
def _dlang() -> Iterator[Case]:
    good = "module shop;\nint total(int[] a) { int t; foreach (x; a) t += x; return t; }\n"
    yield Case("type", "ldc2 -w -c shop.d", files={"shop.d": good.replace("int t;", "string t;")}, proof=r"^shop\.d\(\d+\): Error:")
    yield Case("import", "ldc2 app.d", files={"app.d": "import vibe.http.client;\nvoid main() {}\n"}, proof="unable to read module", label="configuration_error")
    yield Case("unittest", "ldc2 -unittest -main -run shop.d", files={"shop.d": good + "unittest { import std.stdio; foreach (n; 0 .. 70) writeln(\"checked timeout \", n); assert(total([1, 2]) == 4, \"total of two\"); }\n"}, proof="total of two|unittest failure|AssertError", label="test_failure")
    yield Case("deprecated", "ldc2 -de -c old.d", files={"old.d": "deprecated(\"use next\") int prior() { return 1; }\nint f() { return prior(); }\n"}, proof="is deprecated")


@scenario("nim/failures", label="compile_error")
def _nim() -> Iterator[Case]:
    yield Case("type", "nim c --hints:off cart.nim", files={"cart.nim": "proc total(a: seq[int]): int =\n  for x in a: result += x\necho total(@[\"1\", \"2\"])\n"}, proof=r"Error: type mismatch")
    yield Case("undeclared", "nim check src/cart.nim", files={"src/cart.nim": "proc f(n: int): int = n * facter\necho f(2)\n"}, proof="Error: undeclared identifier: 'facter'")
    yield Case("module", "nim c app.nim", files={"app.nim": "import cart/prices\necho price(2)\n"}, proof="cannot open file: cart/prices")
    yield Case("unittest", "nim c -r --hints:off tests/t.nim", files={"tests/t.nim": "import std/unittest\nsuite \"http client\":\n" + "".join(f"  test \"retries {n} times after 503\":\n    check {n} + 1 == {n + 1}\n" for n in range(40)) + "  test \"adds\":\n    check 2 + 2 == 5\n"}, proof=r"Check failed: 2 \+ 2 == 5", label="test_failure")


@scenario("crystal/failures", label="compile_error")
def _crystal() -> Iterator[Case]:
    yield Case("nil", "crystal build --no-color src/app.cr", files={"src/app.cr": "names = {\"ann\" => 3}\nputs names[\"bo\"]? + 1\n"}, proof="Error: undefined method '\\+' for Nil")
    yield Case("spec", "crystal spec --no-color -v", files={"spec/sum_spec.cr": "require \"spec\"\ndescribe \"sum\" do\n  it(\"adds\") { (2 + 2).should eq 5 }\n" + "".join(f"  it(\"survives timeout {n}\") {{ {n}.should eq {n} }}\n" for n in range(40)) + "end\n"}, proof=r"Expected: 5|got: 4", label="test_failure")
    yield Case("format", "crystal tool format --check", files={"src/app.cr": "def f( a,b )\n a+b\nend\n"}, proof="formatting '.*' produced changes", label="lint_error")
    yield Case("require", "crystal run src/app.cr", files={"src/app.cr": "require \"kemal\"\nKemal.run\n"}, proof="can't find file 'kemal'", label="configuration_error")


@scenario("valac/failures", label="compile_error")
def _vala() -> Iterator[Case]:
    yield Case("type", "valac -C main.vala", files={"main.vala": "void main () {\n  int n = \"many\";\n  print (\"%d\\n\", n);\n}\n"}, proof="error: .*Cannot convert|error: ")
    yield Case("package", "valac --pkg gee-0.8 --pkg libsoup-9 main.vala", files={"main.vala": "void main () { }\n"}, proof="Package `(gee-0.8|libsoup-9)' not found", label="configuration_error")


@scenario("cobc/failures", label="compile_error")
def _cobol() -> Iterator[Case]:
    head = "       IDENTIFICATION DIVISION.\n       PROGRAM-ID. PAYROLL.\n       DATA DIVISION.\n       WORKING-STORAGE SECTION.\n       01 WAGE PIC 9(5).\n       PROCEDURE DIVISION.\n"
    yield Case("undefined", "cobc -x -Wall payroll.cob", files={"payroll.cob": head + "           MOVE 10 TO WAGES.\n           STOP RUN.\n"}, proof="'WAGES' is not defined")
    yield Case("syntax", "cobc -x payroll.cob", files={"payroll.cob": head + "           MOVEE 10 TO WAGE.\n           STOP RUN.\n"}, proof="error: ")
    yield Case("copybook", "cobc -x -I copy payroll.cob", files={"payroll.cob": head.replace("       01 WAGE PIC 9(5).\n", "           COPY WAGEREC.\n") + "           STOP RUN.\n"}, proof="WAGEREC: No such file")


@scenario("nasm/failures", label="compile_error", needs=("nasm", "avr-gcc", "arm-none-eabi-gcc"))
def _low() -> Iterator[Case]:
    yield Case("operand", "nasm -felf64 boot.asm -o boot.o", files={"boot.asm": "section .text\nglobal _start\n_start:\n    mov eax, rbx\n    push dword eax\n    jmp nowhere\n"}, proof=r"^boot\.asm:\d+: error:")
    yield Case("avr-flash", "avr-gcc -mmcu=attiny13 -Os main.c -o fw.elf", files={"main.c": "#include <avr/io.h>\nconst char font[4000] = { [0 ... 3999] = 7 };\nint main(void) { for (unsigned i = 0; ; i++) PORTB = ((volatile const char *) font)[i % 4000]; }\n"}, proof="will not fit in region|overflowed by")
    yield Case("arm-headers", "arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -c src/main.c", files={"src/main.c": "#include \"stm32f4xx_hal.h\"\nint main(void) { HAL_Init(); return 0; }\n"}, proof="stm32f4xx_hal.h: No such file", label="compile_error")
    yield Case("arm-exec", "arm-none-eabi-gcc --specs=nosys.specs main.c -o test || arm-none-eabi-gcc -nostdlib -e main main.c -o test\n./test", files={"main.c": "int main(void) { return 0; }\n"}, proof="Exec format error", label="configuration_error")
    yield Case("bison", "bison -Wall -Werror -d calc.y", files={"calc.y": "%token NUM\n%%\nexpr: expr '+' expr | expr '*' expr | NUM | term;\nterm: NUM;\n"}, proof=r"shift/reduce|reduce/reduce")
    yield Case("flex", "flex -o lex.c tokens.l\ncc -c lex.c", files={"tokens.l": "%%\n[0-9+   return NUM;\n\"(\"  return '(';\n"}, proof=r'tokens\.l:\d+: ')


@scenario("hdl/failures", label="compile_error", needs=("iverilog", "ghdl", "verilator"))
def _hardware() -> Iterator[Case]:
    counter = "module counter(input clk, input rst, output reg [3:0] q);\n  always @(posedge clk) if (rst) q <= 0; else q <= q + 1;\nendmodule\n"
    bench = "module tb;\n  reg clk = 0, rst = 1; wire [3:0] q; integer n;\n  counter dut(clk, rst, q);\n  always #5 clk = ~clk;\n  initial begin\n    #12 rst = 0;\n    for (n = 0; n < 40; n = n + 1) begin @(negedge clk); $display(\"%0t timeout counter q=%d\", $time, q); end\n    if (q !== 9) begin $display(\"FAIL: q is %0d, expected 9\", q); $fatal(1); end\n    $finish;\n  end\nendmodule\n"
    yield Case("iverilog-syntax", "iverilog -g2012 -o sim counter.v", files={"counter.v": counter.replace("q <= 0;", "q <= 0")}, proof=r"syntax error|error: ")
    yield Case("iverilog-module", "iverilog -Wall -o sim tb.v", files={"tb.v": bench}, proof="Unknown module type: counter")
    yield Case("bench", "iverilog -g2012 -o sim tb.v counter.v\nvvp sim", files={"tb.v": bench, "counter.v": counter}, proof="^FAIL: q is", label="test_failure")
    yield Case("verilator-lint", "verilator --lint-only -Wall counter.v", files={"counter.v": counter.replace("[3:0] q", "[3:0] q, input [7:0] spare").replace("q + 1", "q + spare")}, proof="^%(Warning|Error)", label="lint_error")
    yield Case("ghdl-analyse", "ghdl -a --std=08 adder.vhd", files={"adder.vhd": "library ieee; use ieee.std_logic_1164.all;\nentity adder is port (a, b : in std_logic; s : out std_logic_vector(1 downto 0)); end;\narchitecture rtl of adder is begin s <= a + b; end;\n"}, proof=r"adder\.vhd:\d+:\d+:")
    yield Case("ghdl-assert", "ghdl -a tb.vhd\nghdl -e tb\nghdl -r tb --assert-level=error", files={"tb.vhd": "entity tb is end;\narchitecture sim of tb is begin\n  process begin\n    for n in 1 to 30 loop report \"bus request timeout \" & integer'image(n) severity note; end loop;\n    assert 3 * 3 = 10 report \"product is wrong\" severity error;\n    wait;\n  end process;\nend;\n"}, proof="product is wrong", label="test_failure")


@scenario("coqc/failures", label="compile_error")
def _provers() -> Iterator[Case]:
    yield Case("tactic", "coqc Sums.v", files={"Sums.v": "Lemma add_zero : forall n, n + 0 = n.\nProof. intros n. reflexivity. Qed.\n"}, proof="^Error:|Unable to unify")
    yield Case("reference", "coqc -q Lists.v", files={"Lists.v": "Require Import List.\nCheck sum_list.\n"}, proof="was not found in the current")
    yield Case("library", "coqc Main.v", files={"Main.v": "From Ledger Require Import Entries.\n"}, proof="Cannot find a physical path|Unable to locate library")


@scenario("oldies/failures", label="compile_error", needs=("sml", "poly", "gforth", "rexx", "a68g"))
def _oldies() -> Iterator[Case]:
    yield Case("sml", "sml bank.sml < /dev/null; exit 1", files={"bank.sml": "fun interest (c : int) = c * 0.05\nval () = print (Int.toString (interest 3))\n"}, proof="Error: operator and operand")
    yield Case("poly", "poly --script bank.sml", files={"bank.sml": "fun total (l : int list) = foldl (op ^) 0 l;\n"}, proof="error: Type error")
    yield Case("gforth", "gforth stack.fs -e bye", files={"stack.fs": ": vat 19 * 100 / ;\n: show vat . flsh ;\n100 show\n"}, proof="Undefined word")
    yield Case("rexx", "rexx ./report.rexx", files={"report.rexx": "/* report */\nsay 'report'\ndo i = 1 to 3\n  say i\nsay 'end'\n"}, proof="Error 14|Incomplete DO")
    yield Case("algol", "a68g tax.a68", files={"tax.a68": "BEGIN\n  INT rate := \"nineteen\";\n  print((rate, new line))\nEND\n"}, proof="a68g: (syntax )?error|cannot be coerced|error")
    yield Case("passes", "set -x\nmake heat CFLAGS=-v FC='gfortran -v'\n./heat", files={"Makefile": MAKE, "grid.f90": GRID, "solve.f90": SOLVE}, label=PASSED)
