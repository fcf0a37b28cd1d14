"""The page that shows a simulated phone: the M-PESA prompt, the answers to it, and the messages.

The page reads and answers through the control door (control.py); the phones themselves are in phone.py.
"""

import json
from html import escape

STYLE = """
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;background:#e9edf2;color:#11151d;font:16px/1.45 Inter,system-ui,sans-serif;
display:flex;justify-content:center;align-items:flex-start;padding:20px 12px}
.phone{width:min(100%,390px);min-height:720px;background:#0e1116;border-radius:44px;padding:12px;
box-shadow:0 24px 60px rgba(16,24,40,.28)}
.screen{min-height:696px;border-radius:34px;overflow:hidden;background:#f6f7f9;display:flex;flex-direction:column}
header{background:#157a3c;color:#fff;padding:16px 20px 14px}
.bar{display:flex;justify-content:space-between;font-size:13px;opacity:.95;font-variant-numeric:tabular-nums}
h1{margin:12px 0 0;font-size:21px;font-weight:650;letter-spacing:-.01em}
h2{margin:18px 0 8px;font-size:13px;font-weight:600;color:#4a5263}
main{padding:4px 16px 20px;flex:1}
.card{background:#fff;border:1px solid #e7e9ee;border-radius:16px;padding:16px;margin-top:14px}
.prompt{border-color:#157a3c;box-shadow:0 8px 28px rgba(21,122,60,.16)}
.prompt p{margin:0 0 10px}
.amount{font-size:30px;font-weight:650;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.meta{color:#4a5263;font-size:14px}
.pin{display:flex;gap:14px;justify-content:center;margin:6px 0 14px}
.pin i{width:13px;height:13px;border-radius:50%;border:2px solid #157a3c}
.paying .pin i{background:#157a3c}
button,.row{width:100%;min-height:48px;margin-top:8px;border-radius:12px;border:1px solid #d9dde5;background:
#fff;color:#11151d;font:inherit;font-weight:600;cursor:pointer}
button.main{background:#157a3c;border-color:#157a3c;color:#fff}
button.quiet{border-color:transparent;background:transparent;color:#4a5263}
button:disabled{opacity:.55;cursor:default}
button:focus-visible,input:focus-visible,a:focus-visible{outline:3px solid #3e57da;outline-offset:2px}
.two{display:grid;grid-template-columns:1fr 1fr;gap:8px;margin-top:8px}
.two button{margin:0;font-size:14.5px;padding:0 6px}
.left{margin:12px 0 0!important;text-align:center}
.row{display:flex;justify-content:space-between;align-items:center;padding:0 14px;text-decoration:none}
.message{background:#fff;border:1px solid #e7e9ee;border-radius:14px 14px 14px 4px;padding:10px 12px;
margin-top:8px;font-size:14px;overflow-wrap:anywhere}
.empty{color:#4a5263;text-align:center;padding:26px 10px}
label{display:block;font-size:13px;font-weight:500;color:#4a5263;margin-top:10px}
input{width:100%;min-height:44px;margin-top:4px;padding:0 12px;border:1px solid #d9dde5;border-radius:10px;
font:inherit;background:#fff;color:#11151d}
.said{min-height:20px;margin:8px 4px 0;font-size:14px;color:#4a5263}
#messages:empty::before{content:'None yet.';color:#646c7e;font-size:14px}
summary{cursor:pointer;min-height:44px;display:flex;align-items:center;justify-content:space-between;
font-weight:600}summary::after{content:'+';font-size:22px;
color:#4a5263}details[open] summary::after{content:'–'}
details.card{padding:8px 16px}details[open]{padding-bottom:16px!important}
footer{padding:0 16px 16px;text-align:center;color:#646c7e;font-size:12.5px}
@media (max-width:430px){body{padding:0;background:#f6f7f9}.phone{padding:0;border-radius:0;box-shadow:none;
width:100%}.screen{border-radius:0;min-height:100vh}}
"""

# The page writes what it reads as text, never as markup.
SCRIPT = """
const make=(tag,cls,text)=>{const e=document.createElement(tag);if(cls)e.className=cls;
if(text!==undefined)e.textContent=text;return e};
const money=n=>'KES '+Number(n).toLocaleString('en-KE');
const post=(path,body)=>fetch(path,{method:'POST',headers:{'content-type':'application/json'},
body:JSON.stringify(body)});
const hidden=new Set();let shown='',said=document.getElementById('said');
function promptCard(p){
 const card=make('section','card prompt');card.setAttribute('aria-label','M-PESA prompt');
 card.append(make('p','meta','Do you want to pay'),make('p','amount',money(p.amount)));
 const line=make('p');
 line.append('to ',make('strong','',p.business),' account ',make('strong','',p.account),'?');
 const pin=make('div','pin');pin.setAttribute('aria-hidden','true');for(let i=0;i<4;i++)pin.append(make('i'));
 card.append(line,pin);
 const button=(label,answer,cls)=>{const b=make('button',cls,label);
  b.onclick=()=>give(card,p,answer);return b};
 card.append(button('Enter PIN and pay','pay','main'));
 const two=make('div','two');
 two.append(button('Cancel','cancel'),button('Wrong PIN','wrong_pin'),button('Not enough money','no_money'),
 button('Ignore','ignore','quiet'));
 const left=make('p','meta left');left.dataset.until=Date.now()+p.expires_in_seconds*1000;
 card.append(two,left);return card}
async function give(card,p,answer){
 if(answer==='ignore'){hidden.add(p.checkout_id);shown='';said.textContent='Ignored. It times out by itself.';
  return read()}
 card.querySelectorAll('button').forEach(b=>b.disabled=true);
 if(answer==='pay')card.classList.add('paying');
 const r=await post('/phones/'+MSISDN+'/answer',{answer,checkout_id:p.checkout_id});
 said.textContent=r.ok?'':'The prompt had ended already.';shown='';read()}
function draw(phone){
 const open=phone.prompts.filter(p=>!hidden.has(p.checkout_id));
 document.getElementById('balance').textContent=money(phone.balance);
 const key=JSON.stringify([open.map(p=>p.checkout_id),phone.messages]);
 if(key!==shown){shown=key;
  const place=document.getElementById('prompts');place.replaceChildren(...open.map(promptCard));
  if(!open.length)place.append(make('p','empty',
   'No prompt at the moment. Start a payment in Benfex; it shows here.'));
  document.getElementById('messages').replaceChildren(...phone.messages.map(m=>make('p','message',m)))}
 document.querySelectorAll('.left').forEach(e=>{
  const s=Math.max(0,Math.round((e.dataset.until-Date.now())/1000));
  e.textContent='Ends by itself in '+s+' s'})}
function drawList(all){
 const key=JSON.stringify(all.map(p=>[p.msisdn,p.amount]));if(key===shown)return;shown=key;
 const place=document.getElementById('prompts');
 place.replaceChildren(...all.map(p=>{const a=make('a','row');a.href='/phone?msisdn='+p.msisdn;
  a.append(make('span','','+'+p.msisdn),make('span','',money(p.amount)));return a}));
 if(!all.length)place.append(make('p','empty','No phone shows a prompt. Start a payment in Benfex.'))}
async function read(){
 try{
  if(MSISDN){const r=await fetch('/phones/'+MSISDN);if(r.ok)draw(await r.json())}
  else{const r=await fetch('/prompts');if(r.ok)drawList(await r.json())}
  document.getElementById('state').textContent='M-PESA'
 }catch(e){document.getElementById('state').textContent='No network'}}
function tick(){document.getElementById('clock').textContent=
 new Date().toLocaleTimeString('en-GB',{hour:'2-digit',minute:'2-digit'})}
const form=document.getElementById('paybill');
if(form)form.onsubmit=async e=>{e.preventDefault();const b=form.querySelector('button');b.disabled=true;
 const r=await post('/phones/'+MSISDN+'/paybill',
  {account:form.account.value,amount:Number(form.amount.value)});
 const a=await r.json();b.disabled=false;
 said.textContent=!r.ok?a.error:a.accepted?'Sent. '+a.receipt:'Not accepted: '+a.reason;read()};
tick();read();setInterval(()=>{tick();read()},1000);
"""

PHONE_BODY = """
<p class=meta style="margin:14px 4px 0">M-PESA balance <strong id=balance></strong></p>
<div id=prompts aria-live=assertive></div>
<p class=said id=said role=status aria-live=polite></p>
<details class=card><summary>Lipa na M-PESA · Pay Bill {shortcode}</summary>
<form id=paybill><label>Account number<input name=account required maxlength=20 autocomplete=off></label>
<label>Amount<input name=amount type=number inputmode=numeric min=1 max=250000 required></label>
<button class=main>Pay by hand</button></form></details>
<h2>Messages</h2><div id=messages aria-live=polite></div>
"""

LIST_BODY = """
<h2>Phones with a prompt</h2><div id=prompts></div>
<p class=said id=said role=status aria-live=polite></p>
<form class=card action=/phone><label>Open a phone<input name=msisdn placeholder="07xx xxx xxx" inputmode=tel
required></label><button class=main>Open</button></form>
<a class=row href="/inbox"><span>Letters and texts that were sent</span></a>
"""


def phone_page(msisdn: str | None, *, shortcode: str) -> str:
    """Return the page of one phone, or the list of phones with prompts when `msisdn` is None."""
    title = f"+{msisdn}" if msisdn else "Phones"
    body = PHONE_BODY.replace("{shortcode}", escape(shortcode)) if msisdn else LIST_BODY
    # "<" never stands raw in a script, whatever the number holds.
    number = json.dumps(msisdn or "").replace("<", "\\u003c")
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width,initial-scale=1,viewport-fit=cover">'
        '<link rel=icon href="data:,">'
        f"<title>{escape(title)} · simulated phone</title><style>{STYLE}</style></head><body>"
        "<div class=phone><div class=screen><header><div class=bar><span id=clock></span>"
        f"<span id=state>M-PESA</span></div><h1>{escape(title)}</h1></header><main>{body}</main>"
        "<footer>Simulated phone · no real money moves</footer></div></div>"
        f"<script>const MSISDN={number};{SCRIPT}</script></body></html>"
    )


def refusal_page(message: str) -> str:
    """Return a page that says why there is no phone to show."""
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width,initial-scale=1">'
        f"<title>No such phone</title><style>{STYLE}</style></head><body><div class=phone><div class=screen>"
        f"<header><h1>No such phone</h1></header><main><p class=empty>{escape(message)}</p>"
        '<a class=row href="/phone">All phones</a></main></div></div></body></html>'
    )
