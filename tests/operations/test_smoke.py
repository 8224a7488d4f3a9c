from typer.testing import CliRunner
from hub.cli.app import app
import subprocess, sys, os
async def test_it(hub):
    await hub.receive(key="wh-1")
    await hub.receive(said={"id": 5}, name="x.json")
    await hub.receive(number=2, lines=[{"id": 1, "sku": "CAP", "quantity": 1}])
    await hub.receive_bytes(b'{"id": 9, "na\x1b[31m\xff')
    hub.misbehave("crm", "error_400")
    await hub.settle()
    await hub.receive(number=1, updated_at="2026-03-02T10:16:02Z", total="22.00")
    await hub.settle()
    hub.misbehave("erp", "read_and_close")
    await hub.receive(number=3)
    await hub.settle()
    hub.misbehave("crm", "error_500")
    await hub.receive(number=3, updated_at="2026-03-02T10:16:02Z", total="22.00")
    await hub.receive(number=4)
    await hub.settle()
    os.environ["CROSSDOCK_W"]="1"
    for line in (["orders","list"],["orders","show","#1001"],["orders","show","#1003"],["orders","show","PO-772"],["orders","show","MUG"],["messages","list"],["messages","list","--state","dead"],
        ["messages","list","--find","wh-1"],["failures","list"],["failures","list","--flat"],["failures","show","in_doubt:erp"],["failures","show","mapping:erp:test/erp_order:lines[0].material:CAP"],["connections","list"],["connections","test","erp"],["connections","test","shop"],["crosswalk","list"],["crosswalk","list","materials"],
        ["crosswalk","add","materials","CAP","300-1"],["replay","plan","--all"],["replay","run","--order","PO-772","--yes"],["replay","list"],["ledger","rebuild"],["connectors","list"],["check"],["test"]):
        r = subprocess.run([sys.executable,"-m","hub.cli",*line,"--workspace",str(hub.root)] if line[0]!="connectors" else [sys.executable,"-m","hub.cli",*line],capture_output=True,text=True)
        print("$ crossdock"," ".join(line)); print(r.stdout, r.stderr, "->", r.returncode)
    from hub.operations.messages import list_messages
    for m in list_messages(hub.store).messages: 
        r = subprocess.run([sys.executable,"-m","hub.cli","messages","show",m.id[-8:],"--workspace",str(hub.root)],capture_output=True,text=True); print(r.stdout, r.stderr)
