"use strict";(()=>{var Rt=globalThis,ot=Rt.trustedTypes,Gt=ot?ot.createPolicy("lit-html",{createHTML:t=>t}):void 0,Mt="$lit$",E=`lit$${Math.random().toFixed(9).slice(2)}$`,Pt="?"+E,ze=`<${Pt}>`,H=document,X=()=>H.createComment(""),Z=t=>t===null||typeof t!="object"&&typeof t!="function",Dt=Array.isArray,Yt=t=>Dt(t)||typeof t?.[Symbol.iterator]=="function",Et=`[ 	
\f\r]`,K=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,zt=/-->/g,Kt=/>/g,N=RegExp(`>|${Et}(?:([^\\s"'>=/]+)(${Et}*=${Et}*(?:[^ 	
\f\r"'\`<>=]|("|')|))|$)`,"g"),Xt=/'/g,Zt=/"/g,Jt=/^(?:script|style|textarea|title)$/i,Nt=t=>(e,...s)=>({_$litType$:t,strings:e,values:s}),i=Nt(1),Us=Nt(2),Is=Nt(3),L=Symbol.for("lit-noChange"),l=Symbol.for("lit-nothing"),Qt=new WeakMap,B=H.createTreeWalker(H,129);function te(t,e){if(!Dt(t)||!t.hasOwnProperty("raw"))throw Error("invalid template strings array");return Gt!==void 0?Gt.createHTML(e):e}var ee=(t,e)=>{let s=t.length-1,a=[],n,r=e===2?"<svg>":e===3?"<math>":"",c=K;for(let h=0;h<s;h++){let d=t[h],f,b,u=-1,$=0;for(;$<d.length&&(c.lastIndex=$,b=c.exec(d),b!==null);)$=c.lastIndex,c===K?b[1]==="!--"?c=zt:b[1]!==void 0?c=Kt:b[2]!==void 0?(Jt.test(b[2])&&(n=RegExp("</"+b[2],"g")),c=N):b[3]!==void 0&&(c=N):c===N?b[0]===">"?(c=n??K,u=-1):b[1]===void 0?u=-2:(u=c.lastIndex-b[2].length,f=b[1],c=b[3]===void 0?N:b[3]==='"'?Zt:Xt):c===Zt||c===Xt?c=N:c===zt||c===Kt?c=K:(c=N,n=void 0);let p=c===N&&t[h+1].startsWith("/>")?" ":"";r+=c===K?d+ze:u>=0?(a.push(f),d.slice(0,u)+Mt+d.slice(u)+E+p):d+E+(u===-2?h:p)}return[te(t,r+(t[s]||"<?>")+(e===2?"</svg>":e===3?"</math>":"")),a]},Q=class t{constructor({strings:e,_$litType$:s},a){let n;this.parts=[];let r=0,c=0,h=e.length-1,d=this.parts,[f,b]=ee(e,s);if(this.el=t.createElement(f,a),B.currentNode=this.el.content,s===2||s===3){let u=this.el.content.firstChild;u.replaceWith(...u.childNodes)}for(;(n=B.nextNode())!==null&&d.length<h;){if(n.nodeType===1){if(n.hasAttributes())for(let u of n.getAttributeNames())if(u.endsWith(Mt)){let $=b[c++],p=n.getAttribute(u).split(E),_=/([.?@])?(.*)/.exec($);d.push({type:1,index:r,name:_[2],strings:p,ctor:_[1]==="."?lt:_[1]==="?"?ct:_[1]==="@"?dt:I}),n.removeAttribute(u)}else u.startsWith(E)&&(d.push({type:6,index:r}),n.removeAttribute(u));if(Jt.test(n.tagName)){let u=n.textContent.split(E),$=u.length-1;if($>0){n.textContent=ot?ot.emptyScript:"";for(let p=0;p<$;p++)n.append(u[p],X()),B.nextNode(),d.push({type:2,index:++r});n.append(u[$],X())}}}else if(n.nodeType===8)if(n.data===Pt)d.push({type:2,index:r});else{let u=-1;for(;(u=n.data.indexOf(E,u+1))!==-1;)d.push({type:7,index:r}),u+=E.length-1}r++}}static createElement(e,s){let a=H.createElement("template");return a.innerHTML=e,a}};function U(t,e,s=t,a){if(e===L)return e;let n=a!==void 0?s._$Co?.[a]:s._$Cl,r=Z(e)?void 0:e._$litDirective$;return n?.constructor!==r&&(n?._$AO?.(!1),r===void 0?n=void 0:(n=new r(t),n._$AT(t,s,a)),a!==void 0?(s._$Co??=[])[a]=n:s._$Cl=n),n!==void 0&&(e=U(t,n._$AS(t,e.values),n,a)),e}var rt=class{constructor(e,s){this._$AV=[],this._$AN=void 0,this._$AD=e,this._$AM=s}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(e){let{el:{content:s},parts:a}=this._$AD,n=(e?.creationScope??H).importNode(s,!0);B.currentNode=n;let r=B.nextNode(),c=0,h=0,d=a[0];for(;d!==void 0;){if(c===d.index){let f;d.type===2?f=new j(r,r.nextSibling,this,e):d.type===1?f=new d.ctor(r,d.name,d.strings,this,e):d.type===6&&(f=new ut(r,this,e)),this._$AV.push(f),d=a[++h]}c!==d?.index&&(r=B.nextNode(),c++)}return B.currentNode=H,n}p(e){let s=0;for(let a of this._$AV)a!==void 0&&(a.strings!==void 0?(a._$AI(e,a,s),s+=a.strings.length-2):a._$AI(e[s])),s++}},j=class t{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(e,s,a,n){this.type=2,this._$AH=l,this._$AN=void 0,this._$AA=e,this._$AB=s,this._$AM=a,this.options=n,this._$Cv=n?.isConnected??!0}get parentNode(){let e=this._$AA.parentNode,s=this._$AM;return s!==void 0&&e?.nodeType===11&&(e=s.parentNode),e}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(e,s=this){e=U(this,e,s),Z(e)?e===l||e==null||e===""?(this._$AH!==l&&this._$AR(),this._$AH=l):e!==this._$AH&&e!==L&&this._(e):e._$litType$!==void 0?this.$(e):e.nodeType!==void 0?this.T(e):Yt(e)?this.k(e):this._(e)}O(e){return this._$AA.parentNode.insertBefore(e,this._$AB)}T(e){this._$AH!==e&&(this._$AR(),this._$AH=this.O(e))}_(e){this._$AH!==l&&Z(this._$AH)?this._$AA.nextSibling.data=e:this.T(H.createTextNode(e)),this._$AH=e}$(e){let{values:s,_$litType$:a}=e,n=typeof a=="number"?this._$AC(e):(a.el===void 0&&(a.el=Q.createElement(te(a.h,a.h[0]),this.options)),a);if(this._$AH?._$AD===n)this._$AH.p(s);else{let r=new rt(n,this),c=r.u(this.options);r.p(s),this.T(c),this._$AH=r}}_$AC(e){let s=Qt.get(e.strings);return s===void 0&&Qt.set(e.strings,s=new Q(e)),s}k(e){Dt(this._$AH)||(this._$AH=[],this._$AR());let s=this._$AH,a,n=0;for(let r of e)n===s.length?s.push(a=new t(this.O(X()),this.O(X()),this,this.options)):a=s[n],a._$AI(r),n++;n<s.length&&(this._$AR(a&&a._$AB.nextSibling,n),s.length=n)}_$AR(e=this._$AA.nextSibling,s){for(this._$AP?.(!1,!0,s);e!==this._$AB;){let a=e.nextSibling;e.remove(),e=a}}setConnected(e){this._$AM===void 0&&(this._$Cv=e,this._$AP?.(e))}},I=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(e,s,a,n,r){this.type=1,this._$AH=l,this._$AN=void 0,this.element=e,this.name=s,this._$AM=n,this.options=r,a.length>2||a[0]!==""||a[1]!==""?(this._$AH=Array(a.length-1).fill(new String),this.strings=a):this._$AH=l}_$AI(e,s=this,a,n){let r=this.strings,c=!1;if(r===void 0)e=U(this,e,s,0),c=!Z(e)||e!==this._$AH&&e!==L,c&&(this._$AH=e);else{let h=e,d,f;for(e=r[0],d=0;d<r.length-1;d++)f=U(this,h[a+d],s,d),f===L&&(f=this._$AH[d]),c||=!Z(f)||f!==this._$AH[d],f===l?e=l:e!==l&&(e+=(f??"")+r[d+1]),this._$AH[d]=f}c&&!n&&this.j(e)}j(e){e===l?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,e??"")}},lt=class extends I{constructor(){super(...arguments),this.type=3}j(e){this.element[this.name]=e===l?void 0:e}},ct=class extends I{constructor(){super(...arguments),this.type=4}j(e){this.element.toggleAttribute(this.name,!!e&&e!==l)}},dt=class extends I{constructor(e,s,a,n,r){super(e,s,a,n,r),this.type=5}_$AI(e,s=this){if((e=U(this,e,s,0)??l)===L)return;let a=this._$AH,n=e===l&&a!==l||e.capture!==a.capture||e.once!==a.once||e.passive!==a.passive,r=e!==l&&(a===l||n);n&&this.element.removeEventListener(this.name,this,a),r&&this.element.addEventListener(this.name,this,e),this._$AH=e}handleEvent(e){typeof this._$AH=="function"?this._$AH.call(this.options?.host??this.element,e):this._$AH.handleEvent(e)}},ut=class{constructor(e,s,a){this.element=e,this.type=6,this._$AN=void 0,this._$AM=s,this.options=a}get _$AU(){return this._$AM._$AU}_$AI(e){U(this,e)}},se={M:Mt,P:E,A:Pt,C:1,L:ee,R:rt,D:Yt,V:U,I:j,H:I,N:ct,U:dt,B:lt,F:ut},Ke=Rt.litHtmlPolyfillSupport;Ke?.(Q,j),(Rt.litHtmlVersions??=[]).push("3.3.1");var ne=(t,e,s)=>{let a=s?.renderBefore??e,n=a._$litPart$;if(n===void 0){let r=s?.renderBefore??null;a._$litPart$=n=new j(e.insertBefore(X(),r),r,void 0,s??{})}return n._$AI(t),n};var x=class extends Error{constructor(s,a,n){super(n);this.status=s;this.code=a}get isUnknown(){return this.status===503||this.status===0}},ae="";function ie(t){ae=t}async function Xe(t){try{let e=await t.json();return new x(t.status,e.code??"",e.detail??e.title??t.statusText)}catch{return new x(t.status,"",t.statusText)}}async function T(t,e,s,a={}){let n={method:t,headers:{...a},signal:AbortSignal.timeout(1e4)},r=n.headers;s!==void 0&&(r["Content-Type"]="application/json",n.body=JSON.stringify(s)),t!=="GET"&&(r["X-CSRF-Token"]=ae);let c;try{c=await fetch(e,n)}catch{throw new x(0,"unreachable","The server does not answer.")}if(!c.ok)throw await Xe(c);return c.status===204?void 0:await c.json()}var y=t=>T("GET",t);function mt(){let t=crypto.getRandomValues(new Uint8Array(16));return"console-"+Array.from(t,e=>e.toString(16).padStart(2,"0")).join("")}var o={session:null,isChecked:!1,isFollowing:!1,calls:[],callTotal:0,callsAsOfUs:0,callsStale:!1,accounts:[],accountsStale:!1,accountsAsOfUs:0,cdrs:[],refusals:[],bans:[],status:null,exposureBy:"account",exposure:null,trunkNames:new Map,error:"",route:[],filter:"",shownMax:100,ending:null,note:""},re=()=>{},Bt=!0;function le(t){re=t}function g(){Bt&&(Bt=!1,requestAnimationFrame(()=>{Bt=!0,re()}))}var A=()=>o.session?.role==="operator",P=t=>o.accounts.find(e=>e.id===t)?.name??(t===null||t===0?"":"#"+t);async function q(t){try{await t(),o.error=""}catch(e){if(e instanceof x&&e.status===401)return It();o.error=e instanceof Error?e.message:String(e)}g()}var Y=()=>q(async()=>{let t=await y("/v1/calls?max=1000");o.calls=t.items.sort((e,s)=>s.wall_start_us-e.wall_start_us),o.callTotal=t.total,o.callsAsOfUs=t.as_of_wall_us,o.callsStale=t.is_stale}),V=()=>q(async()=>{let t=await y("/v1/accounts?max=1000");o.accounts=t.items,o.accountsStale=t.is_stale===!0,o.accountsAsOfUs=t.as_of_wall_us??0}),pt=()=>q(async()=>{let t=await y("/v1/refusals?max=50");o.refusals=t.items,o.cdrs=(await y("/v1/cdrs?max=50")).items}),Lt=()=>q(async()=>{A()&&(o.status=await y("/v1/status"))}),J=()=>q(async()=>{if(!A())return;let t=o.exposureBy,e=await y(`/v1/exposure?by=${t}&max=1000`);if(t===o.exposureBy&&(o.exposure=e),t==="trunk"&&e.items.some(s=>s.trunk_id!==0&&!o.trunkNames.has(s.trunk_id??0))){let s=await y("/v1/trunks?max=1000");o.trunkNames=new Map(s.items.map(a=>[a.id,a.name]))}}),ft=()=>q(async()=>{A()&&(o.bans=(await y("/v1/bans")).items)}),Ht=new Set;function M(t,e){Ht.has(t)||(Ht.add(t),setTimeout(()=>{Ht.delete(t),o.session!==null&&t()},e))}var O=null;function Ze(){O?.close(),O=new EventSource("/v1/events");let t=(e,s)=>{for(let a of e)O?.addEventListener(a,s)};O.addEventListener("open",()=>{o.isFollowing=!0,oe()}),O.addEventListener("error",()=>{o.isFollowing=!1,g()}),t(["call.started","call.ringing","call.answered"],()=>M(Y,200)),t(["call.ended"],()=>{M(Y,200),M(J,1e3),M(pt,1500)}),t(["refusal"],()=>M(pt,400)),t(["balance","config"],()=>M(V,300)),t(["registered","unregistered","store","edge","alarm","fraud.suspected","fraud.over"],()=>M(Lt,300)),t(["ban.begun","ban.prolonged","ban.over","ban.lifted"],()=>M(ft,300)),t(["lost"],oe)}function oe(){for(let t of[Lt,V,Y,pt,ft,J])t()}setInterval(()=>{o.session===null||document.hidden||(Lt(),Y(),J())},5e3);setInterval(()=>{o.session===null||document.hidden||(V(),pt(),ft())},15e3);function Ut(t){o.session=t,o.isChecked=!0,ie(t.csrf),Ze(),g()}function It(){O?.close(),O=null,Object.assign(o,{session:null,isChecked:!0,isFollowing:!1,status:null,calls:[],accounts:[],cdrs:[],refusals:[],bans:[],exposure:null,ending:null,error:""}),g()}async function ce(){try{Ut(await y("/v1/session"))}catch{It()}}async function de(){try{await T("DELETE","/v1/session")}catch{}It()}var Qe=6e3;function ht(t){o.note=t,setTimeout(()=>{o.note===t&&(o.note="",g())},Qe)}async function ue(t){try{await T("DELETE","/v1/calls/"+t.key),ht(`The call from ${t.caller} to ${t.callee} was ended.`)}catch(e){ht(e instanceof x&&e.status===404?"That call was over already.":`It could not be ended: ${String(e)}`)}o.ending=null,await Y()}async function me(t){try{await T("DELETE","/v1/bans/"+encodeURIComponent(t.source.replace(/\/64$/,""))),ht(`${t.source} is heard again.`)}catch(e){ht(e instanceof x&&e.status===404?"That ban was over already.":`It could not be lifted: ${String(e)}`)}await ft()}var Ye=new Intl.NumberFormat("en",{minimumFractionDigits:2,maximumFractionDigits:2}),pe=new Intl.NumberFormat("en",{minimumFractionDigits:2,maximumFractionDigits:4}),Je=new Intl.NumberFormat("en");function m(t,e=""){if(t==null||t==="")return"\u2013";let s=Number(t),a=s!==0&&Math.abs(s)<.1?pe:Ye;return(e===""?"":e+" ")+a.format(Object.is(s,-0)?0:s)}function he(t){return pe.format(Number(t))}function v(t){return t===void 0?"\u2013":Je.format(t)}function F(t){let e=Math.max(0,Math.floor(t/1e6)),s=n=>String(n).padStart(2,"0"),a=Math.floor(e/3600);return(a>0?a+":"+s(Math.floor(e/60)%60):String(Math.floor(e/60)))+":"+s(e%60)}function S(t){let e=new Date(t/1e3);return new Date().toDateString()===e.toDateString()?e.toLocaleTimeString("en-GB"):e.toLocaleString("en-GB",{dateStyle:"medium",timeStyle:"short"})}function w(t){return new Date(t/1e3).toISOString()}function C(t,e=Date.now()){let s=Math.max(0,Math.round(e/1e3-t/1e6));return s<60?s+" s":s<3600?Math.floor(s/60)+" min":s<86400?Math.floor(s/3600)+" h":Math.floor(s/86400)+" d"}var $t="",gt=!1;async function ts(t){t.preventDefault();let e=new FormData(t.target),s=String(e.get("name")??"").trim(),a=String(e.get("password")??"");gt=!0,g();try{Ut(await T("POST","/v1/session",s===""?{key:a}:{name:s,password:a})),$t=""}catch(n){$t=n instanceof x?n.message:String(n)}gt=!1,g()}function fe(){return i`<div class="login">
    <form class="card" @submit=${t=>void ts(t)}>
      <h1><img src="/favicon.svg" alt="" width="34" height="34">dialtone</h1>
      <label>Name <input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" autofocus></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
      <p class="hint">Or leave the name empty and give an API key as the password.</p>
      ${$t===""?l:i`<p class="failure" role="alert">${$t}</p>`}
      <button class="primary" ?disabled=${gt}>${gt?"Checking\u2026":"Log in"}</button>
    </form>
  </div>`}var vt={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},tt=t=>(...e)=>({_$litDirective$:t,values:e}),G=class{constructor(e){}get _$AU(){return this._$AM._$AU}_$AT(e,s,a){this._$Ct=e,this._$AM=s,this._$Ci=a}_$AS(e,s){return this.update(e,s)}update(e,s){return this.render(...s)}};var{I:es}=se;var ge=t=>t.strings===void 0,$e=()=>document.createComment(""),z=(t,e,s)=>{let a=t._$AA.parentNode,n=e===void 0?t._$AB:e._$AA;if(s===void 0){let r=a.insertBefore($e(),n),c=a.insertBefore($e(),n);s=new es(r,c,t,t.options)}else{let r=s._$AB.nextSibling,c=s._$AM,h=c!==t;if(h){let d;s._$AQ?.(t),s._$AM=t,s._$AP!==void 0&&(d=t._$AU)!==c._$AU&&s._$AP(d)}if(r!==n||h){let d=s._$AA;for(;d!==r;){let f=d.nextSibling;a.insertBefore(d,n),d=f}}}return s},D=(t,e,s=t)=>(t._$AI(e,s),t),ss={},ve=(t,e=ss)=>t._$AH=e,be=t=>t._$AH,bt=t=>{t._$AR(),t._$AA.remove()};var ye=(t,e,s)=>{let a=new Map;for(let n=e;n<=s;n++)a.set(t[n],n);return a},_e=tt(class extends G{constructor(t){if(super(t),t.type!==vt.CHILD)throw Error("repeat() can only be used in text expressions")}dt(t,e,s){let a;s===void 0?s=e:e!==void 0&&(a=e);let n=[],r=[],c=0;for(let h of t)n[c]=a?a(h,c):c,r[c]=s(h,c),c++;return{values:r,keys:n}}render(t,e,s){return this.dt(t,e,s).values}update(t,[e,s,a]){let n=be(t),{values:r,keys:c}=this.dt(e,s,a);if(!Array.isArray(n))return this.ut=c,r;let h=this.ut??=[],d=[],f,b,u=0,$=n.length-1,p=0,_=r.length-1;for(;u<=$&&p<=_;)if(n[u]===null)u++;else if(n[$]===null)$--;else if(h[u]===c[p])d[p]=D(n[u],r[p]),u++,p++;else if(h[$]===c[_])d[_]=D(n[$],r[_]),$--,_--;else if(h[u]===c[_])d[_]=D(n[u],r[_]),z(t,d[_+1],n[u]),u++,_--;else if(h[$]===c[p])d[p]=D(n[$],r[p]),z(t,n[u],n[$]),$--,p++;else if(f===void 0&&(f=ye(c,p,_),b=ye(h,u,$)),f.has(h[u]))if(f.has(h[$])){let k=b.get(c[p]),kt=k!==void 0?n[k]:null;if(kt===null){let Vt=z(t,n[u]);D(Vt,r[p]),d[p]=Vt}else d[p]=D(kt,r[p]),z(t,n[u],kt),n[k]=null;p++}else bt(n[$]),$--;else bt(n[u]),u++;for(;p<=_;){let k=z(t,d[_+1]);D(k,r[p]),d[p++]=k}for(;u<=$;){let k=n[u++];k!==null&&bt(k)}return this.ut=c,ve(t,d),L}});function ns(t){return[t.is_at_limits?"refused by its limits":"",t.is_hot?"hot destinations":"",t.is_sudden?"many calls, and usually quiet":""].filter(e=>e!=="").join(", ")}function as(t){let e=t.account??"#"+t.account_id;return i`<tr data-account=${e}>
    <td class="strong"><a href="#/accounts/${e}">${e}</a></td>
    <td>${ns(t)}</td>
    <td>${t.destinations.map(s=>i`<span class="tag">${s.prefix}… ${v(s.calls)}</span> `)}</td>
    <td class="num">${v(t.calls_in_10s)}</td>
    <td class="num">${v(t.refused_in_10s)}</td>
    <td class="num strong">${m(t.money_a_minute,t.currency)}</td>
    <td class="num" title=${w(t.since_wall_us)}>${S(t.since_wall_us)}</td></tr>`}function Ae(){let t=o.status?.edge.alerts??[];if(t.length===0)return l;let e=["Calls in 10 s","Refused","A minute of talk","Since"];return i`<section class="card wide" role="alert" aria-labelledby="alerts-title">
    <div class="head"><h2 id="alerts-title">Fraud suspected <span class="count">${v(t.length)}</span></h2></div>
    <div class="scroll"><table class="alerts">
      <thead><tr><th scope="col">Account</th><th scope="col">Why</th><th scope="col">Calls to</th>
        ${e.map(s=>i`<th scope="col" class="num">${s}</th>`)}</tr></thead>
      <tbody>${t.map(as)}</tbody></table></div>
  </section>`}var is=50;function os(t){return i`<tr data-source=${t.source}>
    <td class="strong">${t.source}${t.has_customers?i` <span class="tag" title="They are heard all the same">customers behind it</span>`:l}</td>
    <td>${t.reason}${t.actor===null?l:i` <small>by ${t.actor}</small>`}</td>
    <td class="num" title=${w(t.wall_until_us)}>${S(t.wall_until_us)}</td>
    <td class="num">${v(t.level+1)}</td>
    <td class="num">${v(t.dropped)}</td>
    <td class="act"><button class="small" @click=${()=>void me(t)}
      aria-label="Lift the ban of ${t.source}">Lift</button></td></tr>`}function we(){if(o.bans.length===0)return l;let t=["Until","Times","Dropped"];return i`<section class="card wide" aria-labelledby="bans-title">
    <div class="head"><h2 id="bans-title">Banned sources <span class="count">${v(o.bans.length)}</span></h2></div>
    <div class="scroll"><table class="bans">
      <thead><tr><th scope="col">Source</th><th scope="col">Why</th>
        ${t.map(e=>i`<th scope="col" class="num">${e}</th>`)}
        <th scope="col"><span class="sr">Act</span></th></tr></thead>
      <tbody>${o.bans.slice(0,is).map(os)}</tbody></table></div>
  </section>`}var xe=[["account","Account"],["trunk","Trunk"],["destination","Destination"],["country","Country"]],yt=50,Te=null;function rs(t){return t===""?"on the network, or of no country":t==="001"?"satellites and networks":(Te??=new Intl.DisplayNames(["en"],{type:"region"}),Te.of(t)??t)}function ls(t,e){switch(t){case"account":{let s=P(e.account_id??0);return s===""?"nobody pays":i`<a href="#/accounts/${s}">${s}</a>`}case"trunk":return e.trunk_id===0?"on the network":o.trunkNames.get(e.trunk_id??0)??"#"+e.trunk_id;case"destination":return e.prefix===""?"free":e.prefix+"\u2026";case"country":return rs(e.country??"")}}function cs(t){o.exposureBy=t.target.value,o.exposure=null,J()}function Se(){let t=o.exposure,e=o.exposureBy==="account",s=["Calls","Answered","Cost so far","A minute","Set aside",...e?["Money left","Lasts"]:[]],a=t?.items??[];return i`<section class="card wide" aria-labelledby="exposure-title">
    <div class="head"><h2 id="exposure-title">Value at risk</h2>
      <select class="pick" aria-label="Sum up by" @change=${cs}>${xe.map(([n,r])=>i`<option value=${n} ?selected=${n===o.exposureBy}>${r}</option>`)}</select></div>
    <div class="scroll ${t?.is_stale===!0?"is-stale":""}"><table class="exposure">
      <thead><tr><th scope="col">${xe.find(([n])=>n===o.exposureBy)?.[1]}</th>
        ${s.map(n=>i`<th scope="col" class="num">${n}</th>`)}</tr></thead>
      <tbody>${a.slice(0,yt).map(n=>i`<tr>
        <td class="strong">${ls(o.exposureBy,n)}</td>
        <td class="num">${v(n.calls)}</td><td class="num">${v(n.answered)}</td>
        <td class="num">${m(n.cost,n.currency)}</td>
        <td class="num strong">${m(n.cost_per_min,n.currency)}</td>
        <td class="num">${m(n.held,n.currency)}</td>
        ${e?i`<td class="num">${m(n.money_left)}</td>
          <td class="num">${n.seconds_left===void 0?"\u2013":F(n.seconds_left*1e6)}</td>`:l}</tr>`)}</tbody>
    </table>${a.length>0?l:i`<p class="empty">${t===null?"\u2026":"No call is in progress."}</p>`}</div>
    ${t===null||!t.is_stale&&t.total<=yt?l:i`<p class="more">
      ${t.total>yt?`The dearest ${yt} of ${v(t.total)} are shown. `:""}
      ${t.is_stale?`As of ${C(t.as_of_wall_us)} ago: the edge does not answer now.`:""}</p>`}
  </section>`}function Ot(t){return t.length===0?i`<p class="empty">No calls yet.</p>`:i`<div class="scroll"><table>
    <thead><tr><th scope="col">Ended</th><th scope="col">Caller</th><th scope="col">Called</th>
      <th scope="col">Account</th><th scope="col" class="num">Talk</th><th scope="col" class="num">Charge</th>
      <th scope="col">Result</th></tr></thead>
    <tbody>${t.map(e=>i`<tr>
      <td class="num left" title=${w(e.wall_end_us)}>${S(e.wall_end_us)}</td>
      <td class="strong">${e.caller}</td><td class="strong">${e.callee}</td>
      <td>${P(e.account_id)||"\u2013"}</td>
      <td class="num">${e.wall_answer_us>0?F(e.talk_us):"\u2013"}</td>
      <td class="num strong">${m(e.charge,e.currency)}</td>
      <td>${e.wall_answer_us>0?i`<span class="state answered">${e.end}</span>`:i`<span class="state failed">${e.status} ${e.reason}</span>`}
        ${e.flags.filter(s=>s!=="answered").map(s=>i` <span class="tag ${s}">${s}</span>`)}</td>
    </tr>`)}</tbody></table></div>`}function Ft(t){return t.length===0?i`<p class="empty">Nobody was refused.</p>`:i`<div class="scroll"><table>
    <thead><tr><th scope="col">When</th><th scope="col">Caller</th><th scope="col">Called</th>
      <th scope="col">Reason</th></tr></thead>
    <tbody>${t.map(e=>i`<tr>
      <td class="num left" title=${w(e.wall_us)}>${S(e.wall_us)}</td>
      <td class="strong">${e.caller??""}<small>${P(e.account_id)}</small></td>
      <td class="strong">${e.callee??""}</td>
      <td><span class="state failed">${e.status??""} ${e.reason??""}</span><small>${e.why??""}</small></td>
    </tr>`)}</tbody></table></div>`}var et={rows:[],next:null,query:"",isRead:!1,failure:""},st={rows:[],next:null,query:"",isRead:!1,failure:""};async function nt(t,e,s,a){e.isRead=!0,e.query=s;try{let n=a===null?"":"&cursor="+a,r=await y(`${t}?max=100${s}${n}`);e.rows=a===null?r.items:[...e.rows,...r.items],e.next=r.next,e.failure=""}catch(n){e.failure=n instanceof Error?n.message:String(n)}g()}function Ce(t){let e="";for(let[s,a]of new FormData(t)){let n=String(a).trim();if(n!==""){let r=s==="from"||s==="to"?new Date(n).toISOString().replace(/\.\d+/,""):n;e+=`&${s}=${encodeURIComponent(r)}`}}return e}function ke(t,e){return i`${e.failure===""?l:i`<p class="failure" role="alert">${e.failure}</p>`}
    ${e.next===null?l:i`<p class="more"><button class="small"
      @click=${()=>void nt(t,e,e.query,e.next)}>Show older</button></p>`}`}var Ee=()=>i`<label>Account <select name="account"><option value="">all</option>
  ${o.accounts.map(t=>i`<option>${t.name}</option>`)}</select></label>`;function Re(){return et.isRead||nt("/v1/cdrs",et,"",null),i`<section class="card wide"><div class="head"><h1>Call records</h1></div>
    <form class="filters" @submit=${t=>{t.preventDefault(),nt("/v1/cdrs",et,Ce(t.target),null)}}>
      ${Ee()}
      <label>Number or user <input name="number" spellcheck="false"></label>
      <label>From <input name="from" type="datetime-local"></label>
      <label>To <input name="to" type="datetime-local"></label>
      <button class="primary">Search</button>
    </form>${Ot(et.rows)}${ke("/v1/cdrs",et)}</section>`}function Me(){return st.isRead||nt("/v1/refusals",st,"",null),i`<section class="card wide"><div class="head"><h1>Refused calls</h1></div>
    <form class="filters" @submit=${t=>{t.preventDefault(),nt("/v1/refusals",st,Ce(t.target),null)}}>
      ${Ee()}<button class="primary">Search</button>
    </form>${Ft(st.rows)}${ke("/v1/refusals",st)}</section>`}var Pe=100,_t=t=>t.wall_answer_us>0,At=()=>o.callsStale?0:Math.max(0,Date.now()*1e3-o.callsAsOfUs);function ds(t){let e=Number(t.cost);return _t(t)?e+Number(t.price_per_min)/6e7*At():e}function us(t,e){let s=t.money_left??t.left;if(s===void 0)return"\u2013";let a=(e.get(t.account_id)??0)/6e7*At();return m(Math.max(0,Number(s)-a))}function ms(t){return t.paid_until_us===void 0?t.is_emergency?"free":"\u2013":t.paid_until_us<0?"\u221E":F(t.paid_until_us-At())}function De(){let t=new Map;for(let e of o.calls)_t(e)&&t.set(e.account_id,(t.get(e.account_id)??0)+Number(e.price_per_min));return t}function ps(t){o.ending=t,o.note="",g()}function hs(t,e){let s=t.is_emergency?"emergency":t.is_inbound?"inbound":t.is_on_net?"on-net":"",a=P(t.account_id);return i`<tr data-key=${t.key}>
    <td data-label="Caller" class="strong">${t.caller}</td>
    <td data-label="Called" class="strong">${t.callee}${s===""?l:i` <span class="tag ${s}">${s}</span>`}</td>
    <td data-label="Account">${a===""?"\u2013":i`<a href="#/accounts/${a}">${a}</a>`}</td>
    <td data-label="State"><span class="state ${t.state}">${t.state}</span></td>
    <td data-label="Since" class="num" title=${w(t.wall_start_us)}>${S(t.wall_start_us)}</td>
    <td data-label="Talk" class="num">${_t(t)?F(t.talk_us+At()):"\u2013"}</td>
    <td data-label="Price / min" class="num">${he(t.price_per_min)} <small>${t.currency}</small></td>
    <td data-label="Cost so far" class="num strong">${m(ds(t))}</td>
    <td data-label="Money left" class="num">${us(t,e)}</td>
    <td data-label="Paid for" class="num">${ms(t)}</td>
    ${A()?i`<td class="act"><button class="danger small" @click=${()=>ps(t)}
      aria-label="End the call from ${t.caller} to ${t.callee}">End</button></td>`:l}
  </tr>`}function fs(t,e){return[t.caller,t.callee,P(t.account_id),t.state].some(s=>s.toLowerCase().includes(e))}function $s(){let t=o.filter.trim().toLowerCase(),e=t===""?o.calls:o.calls.filter(r=>fs(r,t)),s=e.slice(0,o.shownMax),a=De(),n=["Caller","Called","Account","State","Since","Talk","Price / min","Cost so far","Money left","Paid for"];return i`<section class="card wide" aria-labelledby="calls-title">
    <div class="head"><h2 id="calls-title">Calls in progress <span class="count">${v(o.callTotal)}</span></h2>
      <input type="search" placeholder="Filter: number, user, account, state" aria-label="Filter the calls"
        .value=${o.filter} @input=${r=>{o.filter=r.target.value,g()}}></div>
    <div class="scroll ${o.callsStale?"is-stale":""}"><table class="calls">
      <thead><tr>${n.map((r,c)=>i`<th scope="col" class=${c>3?"num":""}>${r}</th>`)}
        ${A()?i`<th scope="col"><span class="sr">Act</span></th>`:l}</tr></thead>
      <tbody>${_e(s,r=>r.key,r=>hs(r,a))}</tbody>
    </table>
    ${s.length>0?l:i`<p class="empty">${o.calls.length===0?"Nobody is talking now.":"No call matches."}</p>`}</div>
    ${e.length<=s.length&&o.callTotal<=o.calls.length?l:i`<p class="more">
      ${v(s.length)} of ${v(t===""?o.callTotal:e.length)} are shown.
      ${e.length>s.length?i`<button class="small" @click=${()=>{o.shownMax+=Pe,g()}}>Show ${Pe} more</button>`:l}</p>`}
  </section>`}function at(t,e,s=""){return i`<div class="figure"><dt>${t}</dt><dd>${e}<small>${s}</small></dd></div>`}function gs(){let t=o.calls.filter(_t),e=new Map;for(let c of t)e.set(c.currency,(e.get(c.currency)??0)+Number(c.price_per_min));let s=[...e].map(([c,h])=>m(h,c)).join(" + "),a=o.status?.edge,r=o.callTotal<=o.calls.length?t.length:a?.calls_answered??t.length;return i`<dl class="figures">
    ${at("Calls in progress",v(o.callTotal),` ${v(r)} answered`)}
    ${at("Spent a minute",s===""?"0.00":s)}
    ${a===void 0?l:at("Registered",v(a.bindings),` contacts, ${v(a.aors)} users`)}
    ${a?.lease?.outstanding===void 0?l:at("Set aside at the edge",m(a.lease.outstanding))}
    ${at("Refused lately",v(o.refusals.length>=50?50:o.refusals.length),o.refusals[0]===void 0?"":` last ${C(o.refusals[0].wall_us)} ago`)}
  </dl>`}function vs(){let t=De();return i`<section class="card" aria-labelledby="balances-title">
    <div class="head"><h2 id="balances-title">Balances</h2></div>
    <div class="scroll ${o.accountsStale?"is-stale":""}"><table>
      <thead><tr><th scope="col">Account</th><th scope="col" class="num">Balance</th>
        <th scope="col" class="num">Set aside</th><th scope="col" class="num">Spends / min</th></tr></thead>
      <tbody>${o.accounts.slice(0,50).map(e=>i`<tr>
        <td><a href="#/accounts/${e.name}">${e.name}</a>
          ${e.is_suspended?i`<span class="tag bad">suspended</span>`:l}</td>
        <td class="num strong">${m(e.balance?.balance,e.currency)}</td>
        <td class="num">${m(e.balance?.leased)}</td>
        <td class="num">${m(t.get(e.id)??0)}</td></tr>`)}</tbody>
    </table></div>
  </section>`}function Ne(){return i`<h1 class="sr">Live view</h1>${A()?Ae():l}${gs()}${$s()}
    <div class="columns">${vs()}
      <section class="card" aria-labelledby="refusals-title">
        <div class="head"><h2 id="refusals-title">Last refusals</h2><a href="#/refusals">All</a></div>
        ${Ft(o.refusals.slice(0,10))}</section>
    </div>
    ${A()?Se():l}
    ${A()?we():l}
    <section class="card wide" aria-labelledby="cdrs-title">
      <div class="head"><h2 id="cdrs-title">Last call records</h2><a href="#/cdrs">All</a></div>
      ${Ot(o.cdrs.slice(0,12))}</section>`}function Be(){return i`<section class="card wide"><div class="head"><h1>Accounts</h1></div>
    <div class="scroll"><table><thead><tr><th scope="col">Name</th><th scope="col">Kind</th><th scope="col">Class</th>
      <th scope="col" class="num">Balance</th><th scope="col" class="num">Set aside</th>
      <th scope="col" class="num">Available</th><th scope="col" class="num">Calls at once</th></tr></thead>
    <tbody>${o.accounts.map(t=>i`<tr>
      <td class="strong"><a href="#/accounts/${t.name}">${t.name}</a>
        ${t.is_suspended?i`<span class="tag bad">suspended</span>`:l}</td>
      <td>${t.kind}</td><td>${t.class}</td>
      <td class="num strong">${m(t.balance?.balance,t.currency)}</td>
      <td class="num">${m(t.balance?.leased)}</td><td class="num">${m(t.balance?.available)}</td>
      <td class="num">${t.channels_max??"no limit"}</td></tr>`)}</tbody></table></div></section>`}var Wt=He("");function He(t){return{name:t,readAtMs:0,account:null,endpoints:[],bindings:new Map,transfers:[],failure:"",said:"",key:mt()}}async function bs(t){for(let e of t.endpoints.slice(0,50))try{let s=await y(`/v1/endpoints/${encodeURIComponent(e.user)}/bindings`);t.bindings.set(e.user,s.items)}catch{t.bindings.set(e.user,null)}g()}async function wt(t){t.readAtMs=Date.now();let e=encodeURIComponent(t.name);try{t.account=await y(`/v1/accounts/${e}`),t.endpoints=(await y(`/v1/endpoints?account=${e}`)).items,t.transfers=(await y(`/v1/accounts/${e}/transfers?max=25`)).items,t.failure=""}catch(s){t.failure=s instanceof Error?s.message:String(s)}g(),await bs(t)}async function ys(t,e){t.preventDefault();let s=t.target,a=new FormData(s),n=String(a.get("amount")??"").trim().replace(",",".");try{await T("POST",`/v1/accounts/${encodeURIComponent(e.name)}/topups`,{amount:n,reason:String(a.get("reason")??"")},{"Idempotency-Key":e.key}),e.said=`${n} was added.`,e.failure="",e.key=mt(),s.reset()}catch(r){e.said="",e.failure=r instanceof Error?r.message:String(r),r instanceof x&&r.isUnknown||(e.key=mt())}await wt(e),await V()}async function _s(t,e,s){let a=`/v1/accounts/${encodeURIComponent(t.name)}/suspension`;try{e.is_suspended?await T("DELETE",a):await T("PUT",a,{why:String(new FormData(s??void 0).get("why")??"")}),t.failure=""}catch(n){t.failure=n instanceof Error?n.message:String(n)}await wt(t)}async function As(t,e,s){let a=new FormData(e),n=s?"0":String(a.get("amount")??"").trim().replace(",",".");try{await T("PUT",`/v1/accounts/${encodeURIComponent(t.name)}/lock`,{amount:n,why:String(a.get("why")??"")}),t.failure="",e.reset()}catch(r){t.failure=r instanceof Error?r.message:String(r)}await wt(t),await V()}function ws(t,e){let s=e.balance?.lock??null,a=s?.wall_until_us??null;return i`<div class="head"><h2>Balance lock</h2></div>
    <form class="stack" @submit=${n=>{n.preventDefault(),As(t,n.target,s!==null)}}>
      ${s===null?i`<label>Amount in ${e.currency} <input name="amount" inputmode="decimal"
            pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="25.00" required></label>`:i`<p>${m(e.balance?.locked,e.currency)} locked by ${s.by}: ${s.why}${a===null?"":`, until ${w(a)}`}</p>`}
      <label>Why <input name="why" maxlength="150" required></label>
      ${s===null?i`<button>Lock</button>`:i`<button>Unlock</button>`}
    </form>`}function xs(t){return i`<section class="card wide" aria-labelledby="devices-title">
    <div class="head"><h2 id="devices-title">Endpoints</h2></div>
    ${t.endpoints.length===0?i`<p class="empty">No endpoints.</p>`:i`<div class="scroll"><table>
    <thead><tr><th scope="col">User</th><th scope="col">Numbers</th><th scope="col">Registered at</th>
      <th scope="col">Device</th><th scope="col">Expires in</th></tr></thead>
    <tbody>${t.endpoints.map(e=>{let s=t.bindings.get(e.user),a=s??[];return i`<tr><td class="strong">${e.user}
        ${e.is_disabled?i`<span class="tag bad">disabled</span>`:l}
        ${e.digest==="sha-256"?i`<span class="tag" title="Credentials by MD5 are refused.">SHA-256 only</span>`:l}</td>
        <td>${e.identities.join(", ")||"\u2013"}</td>
        <td>${s===void 0?"\u2026":s===null?"not known now":a.length===0?i`<span class="state failed">not registered</span>`:a.map(n=>i`<div>${n.source??n.uri}${n.is_flow_lost?" (connection lost)":""}</div>`)}</td>
        <td>${a.map(n=>i`<div>${n.user_agent??""}</div>`)}</td>
        <td>${a.map(n=>i`<div>${n.wall_expires_us===void 0?"":C(2*Date.now()*1e3-n.wall_expires_us)}</div>`)}</td></tr>`})}</tbody></table></div>`}</section>`}function Ts(){let t=new Date;return Array.from({length:6},(e,s)=>new Date(Date.UTC(t.getUTCFullYear(),t.getUTCMonth()-s,1)).toISOString().slice(0,7))}function Ss(t){let e=`/v1/accounts/${encodeURIComponent(t)}/statement`;return i`<section class="card wide" aria-labelledby="monthly-title">
    <div class="head"><h2 id="monthly-title">Monthly statements</h2></div>
    <div class="scroll"><table><tbody>${Ts().map(s=>i`<tr><td class="strong">${s}</td>
      <td><a href="${e}?month=${s}&format=pdf" download>PDF</a></td>
      <td><a href="${e}?month=${s}&format=csv" download>CSV</a></td></tr>`)}</tbody></table></div></section>`}function Cs(t,e){return i`<section class="card wide" aria-labelledby="statement-title">
    <div class="head"><h2 id="statement-title">Statement</h2></div>
    ${t.transfers.length===0?i`<p class="empty">No entries.</p>`:i`<div class="scroll"><table>
    <thead><tr><th scope="col">When</th><th scope="col">Kind</th><th scope="col" class="num">Amount</th>
      <th scope="col">By</th><th scope="col">Why</th></tr></thead>
    <tbody>${t.transfers.map(s=>i`<tr><td class="num left" title=${w(s.wall_us)}>${S(s.wall_us)}</td>
      <td>${s.kind}</td><td class="num strong">${m(s.amount,e)}</td>
      <td>${s.actor}</td><td>${s.reason}</td></tr>`)}</tbody></table></div>`}</section>`}function ks(t,e){return i`<section class="card" aria-labelledby="act-title">
    <div class="head"><h2 id="act-title">Top up</h2></div>
    <form class="stack" @submit=${s=>void ys(s,t)}>
      <label>Amount in ${e.currency}
        <input name="amount" inputmode="decimal" pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="25.00" required></label>
      <label>Reason <input name="reason" maxlength="150" placeholder="Bank transfer"></label>
      <button class="primary">Top up</button>
    </form>
    <div class="head"><h2>Suspension</h2></div>
    <form class="stack" @submit=${s=>{s.preventDefault(),_s(t,e,s.target)}}>
      ${e.is_suspended?i`<p>Suspended by ${e.suspended_by}: ${e.suspended_why}</p><button>Resume</button>`:i`<label>Why <input name="why" maxlength="95" required></label><button class="danger">Suspend</button>`}
    </form>${ws(t,e)}</section>`}function Le(t){Wt.name!==t&&(Wt=He(t));let e=Wt;Date.now()-e.readAtMs>5e3&&wt(e);let s=e.account,a=o.accounts.find(n=>n.name===t)?.balance??s?.balance;return i`<div class="head"><h1>${t}${s?.is_suspended===!0?i` <span class="tag bad">suspended</span>`:l}</h1><a href="#/accounts">All accounts</a></div>
    ${e.failure===""?l:i`<p class="failure" role="alert">${e.failure}</p>`}
    ${e.said===""?l:i`<p class="said" role="status">${e.said}</p>`}
    ${s===null?l:i`<div class="columns"><section class="card" aria-labelledby="money-title">
        <div class="head"><h2 id="money-title">Money</h2></div>
        <dl class="facts"><div><dt>Balance</dt><dd class="big">${m(a?.balance,s.currency)}</dd></div>
          <div><dt>Available</dt><dd>${m(a?.available,s.currency)}</dd></div>
          ${a?.lock?i`<div><dt>Locked</dt><dd>${m(a.locked,s.currency)}</dd></div>`:l}
          <div><dt>Set aside at the edge</dt><dd>${m(a?.leased,s.currency)}</dd></div>
          <div><dt>Credit limit</dt><dd>${m(s.limit,s.currency)}</dd></div>
          <div><dt>Kind and class</dt><dd>${s.kind}, ${s.class}</dd></div>
          <div><dt>Calls at once</dt><dd>${s.channels_max??"no limit"}</dd></div>
          <div><dt>Calls a second</dt><dd>${s.cps_max??"no limit"}</dd></div></dl></section>
      ${A()?ks(e,s):l}</div>
      ${xs(e)}${Cs(e,s.currency)}${Ss(t)}`}`}var R=null,Tt="";async function Es(t){t.preventDefault();let e=new FormData(t.target),s=String(e.get("kind")),a=new URLSearchParams({[s]:String(e.get("who")).trim(),number:String(e.get("number")).trim()});try{R=await y("/v1/explain?"+a.toString()),Tt=""}catch(n){R=null,Tt=n instanceof Error?n.message:String(n)}g()}function Ue(t){return t==null||t===""?"\u2013":Array.isArray(t)?i`<ol>${t.map(e=>i`<li>${Ue(e)}</li>`)}</ol>`:typeof t=="object"?xt(t):String(t)}function xt(t){return i`<dl class="facts">${Object.entries(t).map(([e,s])=>i`<div>
    <dt>${e.replaceAll("_"," ")}</dt><dd>${Ue(s)}</dd></div>`)}</dl>`}function Rs(t){let e=t.would==="connect"?"The call would connect.":t.would==="ask"?"The call would ask the ledger for money first, and connect if there is enough.":`The call would be refused: ${t.status??""} ${t.reason??""}`;return i`<p class=${t.would==="refuse"?"failure":"said"} role="status">${e}</p>
    ${t.why===void 0?l:i`<p>${t.why}</p>`}`}function Ie(){return i`<section class="card wide"><div class="head"><h1>Explain a call</h1></div>
    <form class="filters" @submit=${t=>void Es(t)}>
      <label>Who <select name="kind"><option value="account">account</option>
        <option value="endpoint">endpoint</option><option value="trunk">trunk</option></select></label>
      <label>Name <input name="who" list="names" required spellcheck="false" autocapitalize="none"></label>
      <datalist id="names">${o.accounts.map(t=>i`<option value=${t.name}></option>`)}</datalist>
      <label>Dials <input name="number" required spellcheck="false" placeholder="+49 30 123456"></label>
      <button class="primary">Explain</button>
    </form>
    ${Tt===""?l:i`<p class="failure" role="alert">${Tt}</p>`}
    ${R===null?l:i`${Rs(R)}<div class="columns">
      <div><h2>Route and price</h2>${xt(R.plan)}</div>
      ${R.lease===void 0?l:i`<div><h2>Money at the edge</h2>${xt(R.lease)}</div>`}
      ${R.limits===void 0?l:i`<div><h2>Limits</h2>${xt(R.limits)}</div>`}</div>`}
  </section>`}var it=(t,e)=>{let s=t._$AN;if(s===void 0)return!1;for(let a of s)a._$AO?.(e,!1),it(a,e);return!0},St=t=>{let e,s;do{if((e=t._$AM)===void 0)break;s=e._$AN,s.delete(t),t=e}while(s?.size===0)},Oe=t=>{for(let e;e=t._$AM;t=e){let s=e._$AN;if(s===void 0)e._$AN=s=new Set;else if(s.has(t))break;s.add(t),Ds(e)}};function Ms(t){this._$AN!==void 0?(St(this),this._$AM=t,Oe(this)):this._$AM=t}function Ps(t,e=!1,s=0){let a=this._$AH,n=this._$AN;if(n!==void 0&&n.size!==0)if(e)if(Array.isArray(a))for(let r=s;r<a.length;r++)it(a[r],!1),St(a[r]);else a!=null&&(it(a,!1),St(a));else it(this,t)}var Ds=t=>{t.type==vt.CHILD&&(t._$AP??=Ps,t._$AQ??=Ms)},Ct=class extends G{constructor(){super(...arguments),this._$AN=void 0}_$AT(e,s,a){super._$AT(e,s,a),Oe(this),this.isConnected=e._$AU}_$AO(e,s=!0){e!==this.isConnected&&(this.isConnected=e,e?this.reconnected?.():this.disconnected?.()),s&&(it(this,e),St(this))}setValue(e){if(ge(this._$Ct))this._$Ct._$AI(e,this);else{let s=[...this._$Ct._$AH];s[this._$Ci]=e,this._$Ct._$AI(s,this,0)}}disconnected(){}reconnected(){}};var jt=new WeakMap,Fe=tt(class extends Ct{render(t){return l}update(t,[e]){let s=e!==this.G;return s&&this.G!==void 0&&this.rt(void 0),(s||this.lt!==this.ct)&&(this.G=e,this.ht=t.options?.host,this.rt(this.ct=t.element)),l}rt(t){if(this.isConnected||(t=void 0),typeof this.G=="function"){let e=this.ht??globalThis,s=jt.get(e);s===void 0&&(s=new WeakMap,jt.set(e,s)),s.get(this.G)!==void 0&&this.G.call(this.ht,void 0),s.set(this.G,t),t!==void 0&&this.G.call(this.ht,t)}else this.G.value=t}get lt(){return typeof this.G=="function"?jt.get(this.ht??globalThis)?.get(this.G):this.G?.value}disconnected(){this.lt===this.ct&&this.rt(void 0)}reconnected(){this.rt(this.ct)}});function je(t){let e=t;e!==void 0&&e.isConnected&&!e.open?e.showModal():e!==void 0&&!e.isConnected&&queueMicrotask(()=>je(e))}function We(){o.ending=null,g()}function qe(){let t=o.ending;return t===null?l:i`<dialog ${Fe(je)} aria-labelledby="end-title" @close=${We}>
    <h2 id="end-title">End this call?</h2>
    <p><b>${t.caller}</b> ${t.wall_answer_us>0?"is talking to":"is calling"} <b>${t.callee}</b>. Both are hung up at once.</p>
    <div class="buttons">
      <button autofocus @click=${We}>Cancel</button>
      <button class="danger" id="end-confirm" @click=${()=>void ue(t)}>End the call</button>
    </div>
  </dialog>`}var Ns=[["","Live"],["accounts","Accounts"],["cdrs","Call records"],["refusals","Refusals"],["explain","Explain"]];function W(t,e,s,a=""){return i`<span class="chip ${e===null?"plain":e?"good":"bad"}" title=${a}><i aria-hidden="true"></i><b>${t}</b> ${s}</span>`}function Bs(){let t=o.status,e=t?.edge,s=e?.store??t?.web.store,a=s?.state==="ok",n=s===void 0?"unknown":a?"answers":"silent for "+C(s.since_wall_us??Date.now()*1e3);return i`<div class="bar" role="status" aria-label="State of the parts">
    ${W("Live",o.isFollowing,o.isFollowing?"following":"reconnecting\u2026")}
    ${A()&&t!==null?i`
      ${W("Edge",e?.state==="ready",e?.state??"unknown",e?.state==="unknown"?"It does not answer now. Calls may well go on.":"")}
      ${W("Ledger",s===void 0?null:a,n,a?"":s?.error??"")}
      ${(t.supervisor.roles??[]).filter(r=>r.name!=="edge").map(r=>W(r.name,r.state==="ready",r.state,`${r.restarts??0} restarts`))}
      ${e?.lease?.bound===void 0?l:W("At risk at most",null,m(e.lease.bound),"What grace can lose while the ledger is silent")}
      ${e?.outbox?.unsettled===void 0?l:W("Unsettled",null,String(e.outbox.unsettled),"Usages that the ledger has not booked yet")}`:l}
    ${A()&&(t?.edge.alerts??[]).length>0?W("Fraud",!1,"suspected: "+(t?.edge.alerts??[]).map(r=>r.account??"#"+r.account_id).join(", ")):l}
    ${o.callsStale?i`<span class="chip bad" title=${w(o.callsAsOfUs)}>
      <i aria-hidden="true"></i><b>Calls</b> as of ${C(o.callsAsOfUs)} ago</span>`:l}
    ${o.accountsStale?i`<span class="chip bad" title=${w(o.accountsAsOfUs)}>
      <i aria-hidden="true"></i><b>Balances</b> as of ${C(o.accountsAsOfUs)} ago</span>`:l}
    ${o.error===""?l:i`<span class="chip bad"><i aria-hidden="true"></i>${o.error}</span>`}
  </div>`}function Hs(){let t=o.route[0]??"",e=Ns.filter(([s])=>s!=="explain"||A());return i`<header>
    <a class="brand" href="#/"><img src="/favicon.svg" alt="" width="26" height="26">dialtone</a>
    <nav aria-label="Pages">${e.map(([s,a])=>i`
      <a href="#/${s}" aria-current=${t===s?"page":"false"}>${a}</a>`)}
    </nav>
    <span class="who">${o.session?.name.replace(/^[a-z]+:/,"")}
      <button class="quiet" @click=${()=>void de()}>Log out</button></span>
  </header>`}function Ls(){switch(o.route[0]??""){case"accounts":return o.route[1]===void 0?Be():Le(o.route[1]);case"cdrs":return Re();case"refusals":return Me();case"explain":return Ie();default:return Ne()}}function Ve(){return o.isChecked?o.session===null?fe():i`${Hs()}${Bs()}<main>${Ls()}</main>
    <p class="toast ${o.note===""?"is-empty":""}" role="status" aria-live="polite">${o.note}</p>
    ${qe()}`:i`<p class="wait">One moment…</p>`}function Ge(){o.route=location.hash.replace(/^#\/?/,"").split("/").filter(t=>t!=="").map(decodeURIComponent),o.note="",g()}var qt=document.createElement("div");qt.id="app";document.body.append(qt);le(()=>ne(Ve(),qt));addEventListener("hashchange",Ge);Ge();ce();setInterval(()=>{o.session!==null&&!document.hidden&&g()},1e3);})();
