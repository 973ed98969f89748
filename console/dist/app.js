"use strict";(()=>{var Le=globalThis,ue=Le.trustedTypes,st=ue?ue.createPolicy("lit-html",{createHTML:e=>e}):void 0,He="$lit$",M=`lit$${Math.random().toFixed(9).slice(2)}$`,Ie="?"+M,cs=`<${Ie}>`,U=document,J=()=>U.createComment(""),ee=e=>e===null||typeof e!="object"&&typeof e!="function",Ue=Array.isArray,rt=e=>Ue(e)||typeof e?.[Symbol.iterator]=="function",Ne=`[ 	
\f\r]`,Y=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,nt=/-->/g,at=/>/g,H=RegExp(`>|${Ne}(?:([^\\s"'>=/]+)(${Ne}*=${Ne}*(?:[^ 	
\f\r"'\`<>=]|("|')|))|$)`,"g"),it=/'/g,ot=/"/g,ct=/^(?:script|style|textarea|title)$/i,Oe=e=>(t,...s)=>({_$litType$:e,strings:t,values:s}),i=Oe(1),pn=Oe(2),hn=Oe(3),O=Symbol.for("lit-noChange"),r=Symbol.for("lit-nothing"),lt=new WeakMap,I=U.createTreeWalker(U,129);function dt(e,t){if(!Ue(e)||!e.hasOwnProperty("raw"))throw Error("invalid template strings array");return st!==void 0?st.createHTML(t):t}var ut=(e,t)=>{let s=e.length-1,a=[],n,l=t===2?"<svg>":t===3?"<math>":"",c=Y;for(let p=0;p<s;p++){let d=e[p],v,_,u=-1,b=0;for(;b<d.length&&(c.lastIndex=b,_=c.exec(d),_!==null);)b=c.lastIndex,c===Y?_[1]==="!--"?c=nt:_[1]!==void 0?c=at:_[2]!==void 0?(ct.test(_[2])&&(n=RegExp("</"+_[2],"g")),c=H):_[3]!==void 0&&(c=H):c===H?_[0]===">"?(c=n??Y,u=-1):_[1]===void 0?u=-2:(u=c.lastIndex-_[2].length,v=_[1],c=_[3]===void 0?H:_[3]==='"'?ot:it):c===ot||c===it?c=H:c===nt||c===at?c=Y:(c=H,n=void 0);let f=c===H&&e[p+1].startsWith("/>")?" ":"";l+=c===Y?d+cs:u>=0?(a.push(v),d.slice(0,u)+He+d.slice(u)+M+f):d+M+(u===-2?p:f)}return[dt(e,l+(e[s]||"<?>")+(t===2?"</svg>":t===3?"</math>":"")),a]},te=class e{constructor({strings:t,_$litType$:s},a){let n;this.parts=[];let l=0,c=0,p=t.length-1,d=this.parts,[v,_]=ut(t,s);if(this.el=e.createElement(v,a),I.currentNode=this.el.content,s===2||s===3){let u=this.el.content.firstChild;u.replaceWith(...u.childNodes)}for(;(n=I.nextNode())!==null&&d.length<p;){if(n.nodeType===1){if(n.hasAttributes())for(let u of n.getAttributeNames())if(u.endsWith(He)){let b=_[c++],f=n.getAttribute(u).split(M),A=/([.?@])?(.*)/.exec(b);d.push({type:1,index:l,name:A[2],strings:f,ctor:A[1]==="."?pe:A[1]==="?"?he:A[1]==="@"?fe:V}),n.removeAttribute(u)}else u.startsWith(M)&&(d.push({type:6,index:l}),n.removeAttribute(u));if(ct.test(n.tagName)){let u=n.textContent.split(M),b=u.length-1;if(b>0){n.textContent=ue?ue.emptyScript:"";for(let f=0;f<b;f++)n.append(u[f],J()),I.nextNode(),d.push({type:2,index:++l});n.append(u[b],J())}}}else if(n.nodeType===8)if(n.data===Ie)d.push({type:2,index:l});else{let u=-1;for(;(u=n.data.indexOf(M,u+1))!==-1;)d.push({type:7,index:l}),u+=M.length-1}l++}}static createElement(t,s){let a=U.createElement("template");return a.innerHTML=t,a}};function F(e,t,s=e,a){if(t===O)return t;let n=a!==void 0?s._$Co?.[a]:s._$Cl,l=ee(t)?void 0:t._$litDirective$;return n?.constructor!==l&&(n?._$AO?.(!1),l===void 0?n=void 0:(n=new l(e),n._$AT(e,s,a)),a!==void 0?(s._$Co??=[])[a]=n:s._$Cl=n),n!==void 0&&(t=F(e,n._$AS(e,t.values),n,a)),t}var me=class{constructor(t,s){this._$AV=[],this._$AN=void 0,this._$AD=t,this._$AM=s}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(t){let{el:{content:s},parts:a}=this._$AD,n=(t?.creationScope??U).importNode(s,!0);I.currentNode=n;let l=I.nextNode(),c=0,p=0,d=a[0];for(;d!==void 0;){if(c===d.index){let v;d.type===2?v=new G(l,l.nextSibling,this,t):d.type===1?v=new d.ctor(l,d.name,d.strings,this,t):d.type===6&&(v=new $e(l,this,t)),this._$AV.push(v),d=a[++p]}c!==d?.index&&(l=I.nextNode(),c++)}return I.currentNode=U,n}p(t){let s=0;for(let a of this._$AV)a!==void 0&&(a.strings!==void 0?(a._$AI(t,a,s),s+=a.strings.length-2):a._$AI(t[s])),s++}},G=class e{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(t,s,a,n){this.type=2,this._$AH=r,this._$AN=void 0,this._$AA=t,this._$AB=s,this._$AM=a,this.options=n,this._$Cv=n?.isConnected??!0}get parentNode(){let t=this._$AA.parentNode,s=this._$AM;return s!==void 0&&t?.nodeType===11&&(t=s.parentNode),t}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(t,s=this){t=F(this,t,s),ee(t)?t===r||t==null||t===""?(this._$AH!==r&&this._$AR(),this._$AH=r):t!==this._$AH&&t!==O&&this._(t):t._$litType$!==void 0?this.$(t):t.nodeType!==void 0?this.T(t):rt(t)?this.k(t):this._(t)}O(t){return this._$AA.parentNode.insertBefore(t,this._$AB)}T(t){this._$AH!==t&&(this._$AR(),this._$AH=this.O(t))}_(t){this._$AH!==r&&ee(this._$AH)?this._$AA.nextSibling.data=t:this.T(U.createTextNode(t)),this._$AH=t}$(t){let{values:s,_$litType$:a}=t,n=typeof a=="number"?this._$AC(t):(a.el===void 0&&(a.el=te.createElement(dt(a.h,a.h[0]),this.options)),a);if(this._$AH?._$AD===n)this._$AH.p(s);else{let l=new me(n,this),c=l.u(this.options);l.p(s),this.T(c),this._$AH=l}}_$AC(t){let s=lt.get(t.strings);return s===void 0&&lt.set(t.strings,s=new te(t)),s}k(t){Ue(this._$AH)||(this._$AH=[],this._$AR());let s=this._$AH,a,n=0;for(let l of t)n===s.length?s.push(a=new e(this.O(J()),this.O(J()),this,this.options)):a=s[n],a._$AI(l),n++;n<s.length&&(this._$AR(a&&a._$AB.nextSibling,n),s.length=n)}_$AR(t=this._$AA.nextSibling,s){for(this._$AP?.(!1,!0,s);t!==this._$AB;){let a=t.nextSibling;t.remove(),t=a}}setConnected(t){this._$AM===void 0&&(this._$Cv=t,this._$AP?.(t))}},V=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(t,s,a,n,l){this.type=1,this._$AH=r,this._$AN=void 0,this.element=t,this.name=s,this._$AM=n,this.options=l,a.length>2||a[0]!==""||a[1]!==""?(this._$AH=Array(a.length-1).fill(new String),this.strings=a):this._$AH=r}_$AI(t,s=this,a,n){let l=this.strings,c=!1;if(l===void 0)t=F(this,t,s,0),c=!ee(t)||t!==this._$AH&&t!==O,c&&(this._$AH=t);else{let p=t,d,v;for(t=l[0],d=0;d<l.length-1;d++)v=F(this,p[a+d],s,d),v===O&&(v=this._$AH[d]),c||=!ee(v)||v!==this._$AH[d],v===r?t=r:t!==r&&(t+=(v??"")+l[d+1]),this._$AH[d]=v}c&&!n&&this.j(t)}j(t){t===r?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,t??"")}},pe=class extends V{constructor(){super(...arguments),this.type=3}j(t){this.element[this.name]=t===r?void 0:t}},he=class extends V{constructor(){super(...arguments),this.type=4}j(t){this.element.toggleAttribute(this.name,!!t&&t!==r)}},fe=class extends V{constructor(t,s,a,n,l){super(t,s,a,n,l),this.type=5}_$AI(t,s=this){if((t=F(this,t,s,0)??r)===O)return;let a=this._$AH,n=t===r&&a!==r||t.capture!==a.capture||t.once!==a.once||t.passive!==a.passive,l=t!==r&&(a===r||n);n&&this.element.removeEventListener(this.name,this,a),l&&this.element.addEventListener(this.name,this,t),this._$AH=t}handleEvent(t){typeof this._$AH=="function"?this._$AH.call(this.options?.host??this.element,t):this._$AH.handleEvent(t)}},$e=class{constructor(t,s,a){this.element=t,this.type=6,this._$AN=void 0,this._$AM=s,this.options=a}get _$AU(){return this._$AM._$AU}_$AI(t){F(this,t)}},mt={M:He,P:M,A:Ie,C:1,L:ut,R:me,D:rt,V:F,I:G,H:V,N:he,U:fe,B:pe,F:$e},ds=Le.litHtmlPolyfillSupport;ds?.(te,G),(Le.litHtmlVersions??=[]).push("3.3.1");var pt=(e,t,s)=>{let a=s?.renderBefore??t,n=a._$litPart$;if(n===void 0){let l=s?.renderBefore??null;a._$litPart$=n=new G(t.insertBefore(J(),l),l,void 0,s??{})}return n._$AI(e),n};var T=class extends Error{constructor(s,a,n){super(n);this.status=s;this.code=a}rows=[];get isUnknown(){return this.status===503||this.status===0}},ht="";function ft(e){ht=e}async function us(e){try{let t=await e.json(),s=new T(e.status,t.code??"",t.detail??t.title??e.statusText);return s.rows=t.problems??[],s}catch{return new T(e.status,"",e.statusText)}}function S(e,t,s,a={}){let n={method:e,headers:{...a},signal:AbortSignal.timeout(1e4)};return s!==void 0&&(n.headers["Content-Type"]="application/json",n.body=JSON.stringify(s)),$t(e,t,n)}var Fe=(e,t)=>$t("POST",e,{method:"POST",headers:{"Content-Type":"text/csv"},body:t,signal:AbortSignal.timeout(12e4)});async function $t(e,t,s){let a=s.headers;e!=="GET"&&(a["X-CSRF-Token"]=ht);let n;try{n=await fetch(t,s)}catch{throw new T(0,"unreachable","The server does not answer.")}if(!n.ok)throw await us(n);return n.status===204?void 0:await n.json()}var g=e=>S("GET",e);function k(){let e=crypto.getRandomValues(new Uint8Array(16));return"console-"+Array.from(e,t=>t.toString(16).padStart(2,"0")).join("")}var o={session:null,isChecked:!1,isFollowing:!1,calls:[],callTotal:0,callsAsOfUs:0,callsStale:!1,accounts:[],accountsStale:!1,accountsAsOfUs:0,cdrs:[],refusals:[],bans:[],low:[],status:null,exposureBy:"account",exposure:null,trunkNames:new Map,error:"",route:[],filter:"",shownMax:100,ending:null,note:""},vt=()=>{},Ve=!0;function bt(e){vt=e}function h(){Ve&&(Ve=!1,requestAnimationFrame(()=>{Ve=!0,vt()}))}var x=()=>o.session?.role==="operator",R=e=>o.accounts.find(t=>t.id===e)?.name??(e===null||e===0?"":"#"+e);async function q(e){try{await e(),o.error=""}catch(t){if(t instanceof T&&t.status===401)return Ge();o.error=t instanceof Error?t.message:String(t)}h()}var se=()=>q(async()=>{let e=await g("/v1/calls?max=1000");o.calls=e.items.sort((t,s)=>s.wall_start_us-t.wall_start_us),o.callTotal=e.total,o.callsAsOfUs=e.as_of_wall_us,o.callsStale=e.is_stale}),B=()=>q(async()=>{let e=await g("/v1/accounts?max=1000");o.accounts=e.items,o.accountsStale=e.is_stale===!0,o.accountsAsOfUs=e.as_of_wall_us??0}),ge=()=>q(async()=>{let e=await g("/v1/refusals?max=50");o.refusals=e.items,o.cdrs=(await g("/v1/cdrs?max=50")).items}),qe=()=>q(async()=>{x()&&(o.status=await g("/v1/status"))}),ne=()=>q(async()=>{if(!x())return;let e=o.exposureBy,t=await g(`/v1/exposure?by=${e}&max=1000`);if(e===o.exposureBy&&(o.exposure=t),e==="trunk"&&t.items.some(s=>s.trunk_id!==0&&!o.trunkNames.has(s.trunk_id??0))){let s=await g("/v1/trunks?max=1000");o.trunkNames=new Map(s.items.map(a=>[a.id,a.name]))}}),be=()=>q(async()=>{x()&&(o.bans=(await g("/v1/bans")).items)}),je=()=>q(async()=>{x()&&(o.low=(await g("/v1/low-balances?max=10")).items)}),We=new Set;function C(e,t){We.has(e)||(We.add(e),setTimeout(()=>{We.delete(e),o.session!==null&&e()},t))}var W=null;function ms(){W?.close(),W=new EventSource("/v1/events");let e=(t,s)=>{for(let a of t)W?.addEventListener(a,s)};W.addEventListener("open",()=>{o.isFollowing=!0,gt()}),W.addEventListener("error",()=>{o.isFollowing=!1,h()}),e(["call.started","call.ringing","call.answered"],()=>C(se,200)),e(["call.ended"],()=>{C(se,200),C(ne,1e3),C(ge,1500)}),e(["refusal"],()=>C(ge,400)),e(["balance","config"],()=>C(B,300)),e(["registered","unregistered","store","edge","alarm","fraud.suspected","fraud.over"],()=>C(qe,300)),e(["balance.low"],()=>{C(je,300),C(B,300)}),e(["ban.begun","ban.prolonged","ban.over","ban.lifted"],()=>C(be,300)),e(["lost"],gt)}function gt(){for(let e of[qe,B,se,ge,be,je,ne])e()}setInterval(()=>{o.session===null||document.hidden||(qe(),se(),ne())},5e3);setInterval(()=>{o.session===null||document.hidden||(B(),ge(),be(),je())},15e3);function Ke(e){o.session=e,o.isChecked=!0,ft(e.csrf),ms(),h()}function Ge(){W?.close(),W=null,Object.assign(o,{session:null,isChecked:!0,isFollowing:!1,status:null,calls:[],accounts:[],cdrs:[],refusals:[],bans:[],low:[],exposure:null,ending:null,error:""}),h()}async function yt(){try{Ke(await g("/v1/session"))}catch{Ge()}}async function _t(){try{await S("DELETE","/v1/session")}catch{}Ge()}var ps=6e3;function ve(e){o.note=e,setTimeout(()=>{o.note===e&&(o.note="",h())},ps)}async function wt(e){try{await S("DELETE","/v1/calls/"+e.key),ve(`The call from ${e.caller} to ${e.callee} was ended.`)}catch(t){ve(t instanceof T&&t.status===404?"That call was over already.":`It could not be ended: ${String(t)}`)}o.ending=null,await se()}async function At(e){try{await S("DELETE","/v1/bans/"+encodeURIComponent(e.source.replace(/\/64$/,""))),ve(`${e.source} is heard again.`)}catch(t){ve(t instanceof T&&t.status===404?"That ban was over already.":`It could not be lifted: ${String(t)}`)}await be()}var hs=new Intl.NumberFormat("en",{minimumFractionDigits:2,maximumFractionDigits:2}),xt=new Intl.NumberFormat("en",{minimumFractionDigits:2,maximumFractionDigits:4}),fs=new Intl.NumberFormat("en");function m(e,t=""){if(e==null||e==="")return"\u2013";let s=Number(e),a=s!==0&&Math.abs(s)<.1?xt:hs;return(t===""?"":t+" ")+a.format(Object.is(s,-0)?0:s)}function ye(e){return xt.format(Number(e))}function $(e){return e===void 0?"\u2013":fs.format(e)}function j(e){let t=Math.max(0,Math.floor(e/1e6)),s=n=>String(n).padStart(2,"0"),a=Math.floor(t/3600);return(a>0?a+":"+s(Math.floor(t/60)%60):String(Math.floor(t/60)))+":"+s(t%60)}function w(e){let t=new Date(e/1e3);return new Date().toDateString()===t.toDateString()?t.toLocaleTimeString("en-GB"):t.toLocaleString("en-GB",{dateStyle:"medium",timeStyle:"short"})}function y(e){return new Date(e/1e3).toISOString()}function E(e,t=Date.now()){let s=Math.max(0,Math.round(t/1e3-e/1e6));return s<60?s+" s":s<3600?Math.floor(s/60)+" min":s<86400?Math.floor(s/3600)+" h":Math.floor(s/86400)+" d"}var _e="",we=!1;async function $s(e){e.preventDefault();let t=new FormData(e.target),s=String(t.get("name")??"").trim(),a=String(t.get("password")??"");we=!0,h();try{Ke(await S("POST","/v1/session",s===""?{key:a}:{name:s,password:a})),_e=""}catch(n){_e=n instanceof T?n.message:String(n)}we=!1,h()}function Tt(){return i`<div class="login">
    <form class="card" @submit=${e=>void $s(e)}>
      <h1><img src="/favicon.svg" alt="" width="34" height="34">dialtone</h1>
      <label>Name <input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" autofocus></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
      <p class="hint">Or leave the name empty and give an API key as the password.</p>
      ${_e===""?r:i`<p class="failure" role="alert">${_e}</p>`}
      <button class="primary" ?disabled=${we}>${we?"Checking\u2026":"Log in"}</button>
    </form>
  </div>`}var Ae={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},ae=e=>(...t)=>({_$litDirective$:e,values:t}),z=class{constructor(t){}get _$AU(){return this._$AM._$AU}_$AT(t,s,a){this._$Ct=t,this._$AM=s,this._$Ci=a}_$AS(t,s){return this.update(t,s)}update(t,s){return this.render(...s)}};var{I:gs}=mt;var Rt=e=>e.strings===void 0,St=()=>document.createComment(""),Z=(e,t,s)=>{let a=e._$AA.parentNode,n=t===void 0?e._$AB:t._$AA;if(s===void 0){let l=a.insertBefore(St(),n),c=a.insertBefore(St(),n);s=new gs(l,c,e,e.options)}else{let l=s._$AB.nextSibling,c=s._$AM,p=c!==e;if(p){let d;s._$AQ?.(e),s._$AM=e,s._$AP!==void 0&&(d=e._$AU)!==c._$AU&&s._$AP(d)}if(l!==n||p){let d=s._$AA;for(;d!==l;){let v=d.nextSibling;a.insertBefore(d,n),d=v}}}return s},L=(e,t,s=e)=>(e._$AI(t,s),e),vs={},kt=(e,t=vs)=>e._$AH=t,Ct=e=>e._$AH,xe=e=>{e._$AR(),e._$AA.remove()};var Et=(e,t,s)=>{let a=new Map;for(let n=t;n<=s;n++)a.set(e[n],n);return a},Dt=ae(class extends z{constructor(e){if(super(e),e.type!==Ae.CHILD)throw Error("repeat() can only be used in text expressions")}dt(e,t,s){let a;s===void 0?s=t:t!==void 0&&(a=t);let n=[],l=[],c=0;for(let p of e)n[c]=a?a(p,c):c,l[c]=s(p,c),c++;return{values:l,keys:n}}render(e,t,s){return this.dt(e,t,s).values}update(e,[t,s,a]){let n=Ct(e),{values:l,keys:c}=this.dt(t,s,a);if(!Array.isArray(n))return this.ut=c,l;let p=this.ut??=[],d=[],v,_,u=0,b=n.length-1,f=0,A=l.length-1;for(;u<=b&&f<=A;)if(n[u]===null)u++;else if(n[b]===null)b--;else if(p[u]===c[f])d[f]=L(n[u],l[f]),u++,f++;else if(p[b]===c[A])d[A]=L(n[b],l[A]),b--,A--;else if(p[u]===c[A])d[A]=L(n[u],l[A]),Z(e,d[A+1],n[u]),u++,A--;else if(p[b]===c[f])d[f]=L(n[b],l[f]),Z(e,n[u],n[b]),b--,f++;else if(v===void 0&&(v=Et(c,f,A),_=Et(p,u,b)),v.has(p[u]))if(v.has(p[b])){let P=_.get(c[f]),Be=P!==void 0?n[P]:null;if(Be===null){let tt=Z(e,n[u]);L(tt,l[f]),d[f]=tt}else d[f]=L(Be,l[f]),Z(e,n[u],Be),n[P]=null;f++}else xe(n[b]),b--;else xe(n[u]),u++;for(;f<=A;){let P=Z(e,d[A+1]);L(P,l[f]),d[f++]=P}for(;u<=b;){let P=n[u++];P!==null&&xe(P)}return this.ut=c,kt(e,d),O}});var Pt={open:"being told",kept:"noted",told:"told","topped-up":"topped up",refused:"top-up refused","given-up":"nobody heard"};function bs(e){let t=e.state==="refused"||e.state==="given-up",s=e.state==="open"&&e.attempts>0?` (tried ${e.attempts}\xD7)`:"";return i`${t?i`<span class="state failed">${Pt[e.state]}</span>`:Pt[e.state]??e.state}${s}
    ${e.note===""?r:i`<small>${e.note}</small>`}`}function Te(e,t){return e.length===0?r:i`<section class="card wide" aria-labelledby="low-title">
    <div class="head"><h2 id="low-title">Low balances</h2></div>
    <div class="scroll"><table class="low"><thead><tr><th scope="col">When</th>
      ${t?i`<th scope="col">Account</th>`:r}
      <th scope="col" class="num">Left</th><th scope="col" class="num">Below</th>
      <th scope="col">What came of it</th><th scope="col" class="num">Added</th></tr></thead>
    <tbody>${e.map(s=>i`<tr><td class="num left" title=${y(s.wall_us)}>${w(s.wall_us)}</td>
      ${t?i`<td class="strong"><a href="#/accounts/${s.account}">${s.account}</a></td>`:r}
      <td class="num strong">${m(s.left,s.currency)}</td><td class="num">${m(s.below,s.currency)}</td>
      <td>${bs(s)}</td>
      <td class="num">${s.topup===null?"\u2013":m(s.topup,s.currency)}</td></tr>`)}</tbody></table></div></section>`}function ys(e){return[e.is_at_limits?"refused by its limits":"",e.is_hot?"hot destinations":"",e.is_sudden?"many calls, and usually quiet":""].filter(t=>t!=="").join(", ")}function _s(e){let t=e.account??"#"+e.account_id;return i`<tr data-account=${t}>
    <td class="strong"><a href="#/accounts/${t}">${t}</a></td>
    <td>${ys(e)}</td>
    <td>${e.destinations.map(s=>i`<span class="tag">${s.prefix}… ${$(s.calls)}</span> `)}</td>
    <td class="num">${$(e.calls_in_10s)}</td>
    <td class="num">${$(e.refused_in_10s)}</td>
    <td class="num strong">${m(e.money_a_minute,e.currency)}</td>
    <td class="num" title=${y(e.since_wall_us)}>${w(e.since_wall_us)}</td></tr>`}function Mt(){let e=o.status?.edge.alerts??[];if(e.length===0)return r;let t=["Calls in 10 s","Refused","A minute of talk","Since"];return i`<section class="card wide" role="alert" aria-labelledby="alerts-title">
    <div class="head"><h2 id="alerts-title">Fraud suspected <span class="count">${$(e.length)}</span></h2></div>
    <div class="scroll"><table class="alerts">
      <thead><tr><th scope="col">Account</th><th scope="col">Why</th><th scope="col">Calls to</th>
        ${t.map(s=>i`<th scope="col" class="num">${s}</th>`)}</tr></thead>
      <tbody>${e.map(_s)}</tbody></table></div>
  </section>`}var ws=50;function As(e){return i`<tr data-source=${e.source}>
    <td class="strong">${e.source}${e.has_customers?i` <span class="tag" title="They are heard all the same">customers behind it</span>`:r}</td>
    <td>${e.reason}${e.actor===null?r:i` <small>by ${e.actor}</small>`}</td>
    <td class="num" title=${y(e.wall_until_us)}>${w(e.wall_until_us)}</td>
    <td class="num">${$(e.level+1)}</td>
    <td class="num">${$(e.dropped)}</td>
    <td class="act"><button class="small" @click=${()=>void At(e)}
      aria-label="Lift the ban of ${e.source}">Lift</button></td></tr>`}function Bt(){if(o.bans.length===0)return r;let e=["Until","Times","Dropped"];return i`<section class="card wide" aria-labelledby="bans-title">
    <div class="head"><h2 id="bans-title">Banned sources <span class="count">${$(o.bans.length)}</span></h2></div>
    <div class="scroll"><table class="bans">
      <thead><tr><th scope="col">Source</th><th scope="col">Why</th>
        ${e.map(t=>i`<th scope="col" class="num">${t}</th>`)}
        <th scope="col"><span class="sr">Act</span></th></tr></thead>
      <tbody>${o.bans.slice(0,ws).map(As)}</tbody></table></div>
  </section>`}var Nt=[["account","Account"],["trunk","Trunk"],["destination","Destination"],["country","Country"]],Se=50,Lt=null;function xs(e){return e===""?"on the network, or of no country":e==="001"?"satellites and networks":(Lt??=new Intl.DisplayNames(["en"],{type:"region"}),Lt.of(e)??e)}function Ts(e,t){switch(e){case"account":{let s=R(t.account_id??0);return s===""?"nobody pays":i`<a href="#/accounts/${s}">${s}</a>`}case"trunk":return t.trunk_id===0?"on the network":o.trunkNames.get(t.trunk_id??0)??"#"+t.trunk_id;case"destination":return t.prefix===""?"free":t.prefix+"\u2026";case"country":return xs(t.country??"")}}function Ss(e){o.exposureBy=e.target.value,o.exposure=null,ne()}function Ht(){let e=o.exposure,t=o.exposureBy==="account",s=["Calls","Answered","Cost so far","A minute","Set aside",...t?["Money left","Lasts"]:[]],a=e?.items??[];return i`<section class="card wide" aria-labelledby="exposure-title">
    <div class="head"><h2 id="exposure-title">Value at risk</h2>
      <select class="pick" aria-label="Sum up by" @change=${Ss}>${Nt.map(([n,l])=>i`<option value=${n} ?selected=${n===o.exposureBy}>${l}</option>`)}</select></div>
    <div class="scroll ${e?.is_stale===!0?"is-stale":""}"><table class="exposure">
      <thead><tr><th scope="col">${Nt.find(([n])=>n===o.exposureBy)?.[1]}</th>
        ${s.map(n=>i`<th scope="col" class="num">${n}</th>`)}</tr></thead>
      <tbody>${a.slice(0,Se).map(n=>i`<tr>
        <td class="strong">${Ts(o.exposureBy,n)}</td>
        <td class="num">${$(n.calls)}</td><td class="num">${$(n.answered)}</td>
        <td class="num">${m(n.cost,n.currency)}</td>
        <td class="num strong">${m(n.cost_per_min,n.currency)}</td>
        <td class="num">${m(n.held,n.currency)}</td>
        ${t?i`<td class="num">${m(n.money_left)}</td>
          <td class="num">${n.seconds_left===void 0?"\u2013":j(n.seconds_left*1e6)}</td>`:r}</tr>`)}</tbody>
    </table>${a.length>0?r:i`<p class="empty">${e===null?"\u2026":"No call is in progress."}</p>`}</div>
    ${e===null||!e.is_stale&&e.total<=Se?r:i`<p class="more">
      ${e.total>Se?`The dearest ${Se} of ${$(e.total)} are shown. `:""}
      ${e.is_stale?`As of ${E(e.as_of_wall_us)} ago: the edge does not answer now.`:""}</p>`}
  </section>`}function ze(e){return e.length===0?i`<p class="empty">No calls yet.</p>`:i`<div class="scroll"><table>
    <thead><tr><th scope="col">Ended</th><th scope="col">Caller</th><th scope="col">Called</th>
      <th scope="col">Account</th><th scope="col" class="num">Talk</th><th scope="col" class="num">Charge</th>
      <th scope="col">Result</th></tr></thead>
    <tbody>${e.map(t=>i`<tr>
      <td class="num left" title=${y(t.wall_end_us)}>${w(t.wall_end_us)}</td>
      <td class="strong">${t.caller}</td><td class="strong">${t.callee}</td>
      <td>${R(t.account_id)||"\u2013"}</td>
      <td class="num">${t.wall_answer_us>0?j(t.talk_us):"\u2013"}</td>
      <td class="num strong">${m(t.charge,t.currency)}</td>
      <td>${t.wall_answer_us>0?i`<span class="state answered">${t.end}</span>`:i`<span class="state failed">${t.status} ${t.reason}</span>`}
        ${t.flags.filter(s=>s!=="answered").map(s=>i` <span class="tag ${s}">${s}</span>`)}</td>
    </tr>`)}</tbody></table></div>`}function Ze(e){return e.length===0?i`<p class="empty">Nobody was refused.</p>`:i`<div class="scroll"><table>
    <thead><tr><th scope="col">When</th><th scope="col">Caller</th><th scope="col">Called</th>
      <th scope="col">Reason</th></tr></thead>
    <tbody>${e.map(t=>i`<tr>
      <td class="num left" title=${y(t.wall_us)}>${w(t.wall_us)}</td>
      <td class="strong">${t.caller??""}<small>${R(t.account_id)}</small></td>
      <td class="strong">${t.callee??""}</td>
      <td><span class="state failed">${t.status??""} ${t.reason??""}</span><small>${t.why??""}</small></td>
    </tr>`)}</tbody></table></div>`}var ie={rows:[],next:null,query:"",isRead:!1,failure:""},oe={rows:[],next:null,query:"",isRead:!1,failure:""};async function le(e,t,s,a){t.isRead=!0,t.query=s;try{let n=a===null?"":"&cursor="+a,l=await g(`${e}?max=100${s}${n}`);t.rows=a===null?l.items:[...t.rows,...l.items],t.next=l.next,t.failure=""}catch(n){t.failure=n instanceof Error?n.message:String(n)}h()}function It(e){let t="";for(let[s,a]of new FormData(e)){let n=String(a).trim();if(n!==""){let l=s==="from"||s==="to"?new Date(n).toISOString().replace(/\.\d+/,""):n;t+=`&${s}=${encodeURIComponent(l)}`}}return t}function Ut(e,t){return i`${t.failure===""?r:i`<p class="failure" role="alert">${t.failure}</p>`}
    ${t.next===null?r:i`<p class="more"><button class="small"
      @click=${()=>void le(e,t,t.query,t.next)}>Show older</button></p>`}`}var Ot=()=>i`<label>Account <select name="account"><option value="">all</option>
  ${o.accounts.map(e=>i`<option>${e.name}</option>`)}</select></label>`;function Ft(){return ie.isRead||le("/v1/cdrs",ie,"",null),i`<section class="card wide"><div class="head"><h1>Call records</h1></div>
    <form class="filters" @submit=${e=>{e.preventDefault(),le("/v1/cdrs",ie,It(e.target),null)}}>
      ${Ot()}
      <label>Number or user <input name="number" spellcheck="false"></label>
      <label>From <input name="from" type="datetime-local"></label>
      <label>To <input name="to" type="datetime-local"></label>
      <button class="primary">Search</button>
    </form>${ze(ie.rows)}${Ut("/v1/cdrs",ie)}</section>`}function Vt(){return oe.isRead||le("/v1/refusals",oe,"",null),i`<section class="card wide"><div class="head"><h1>Refused calls</h1></div>
    <form class="filters" @submit=${e=>{e.preventDefault(),le("/v1/refusals",oe,It(e.target),null)}}>
      ${Ot()}<button class="primary">Search</button>
    </form>${Ze(oe.rows)}${Ut("/v1/refusals",oe)}</section>`}var Wt=100,Re=e=>e.wall_answer_us>0,ke=()=>o.callsStale?0:Math.max(0,Date.now()*1e3-o.callsAsOfUs);function Rs(e){let t=Number(e.cost);return Re(e)?t+Number(e.price_per_min)/6e7*ke():t}function ks(e,t){let s=e.money_left??e.left;if(s===void 0)return"\u2013";let a=(t.get(e.account_id)??0)/6e7*ke();return m(Math.max(0,Number(s)-a))}function Cs(e){return e.paid_until_us===void 0?e.is_emergency?"free":"\u2013":e.paid_until_us<0?"\u221E":j(e.paid_until_us-ke())}function qt(){let e=new Map;for(let t of o.calls)Re(t)&&e.set(t.account_id,(e.get(t.account_id)??0)+Number(t.price_per_min));return e}function Es(e){o.ending=e,o.note="",h()}function Ds(e,t){let s=e.is_emergency?"emergency":e.is_inbound?"inbound":e.is_on_net?"on-net":"",a=R(e.account_id);return i`<tr data-key=${e.key}>
    <td data-label="Caller" class="strong">${e.caller}</td>
    <td data-label="Called" class="strong">${e.callee}${s===""?r:i` <span class="tag ${s}">${s}</span>`}</td>
    <td data-label="Account">${a===""?"\u2013":i`<a href="#/accounts/${a}">${a}</a>`}</td>
    <td data-label="State"><span class="state ${e.state}">${e.state}</span></td>
    <td data-label="Since" class="num" title=${y(e.wall_start_us)}>${w(e.wall_start_us)}</td>
    <td data-label="Talk" class="num">${Re(e)?j(e.talk_us+ke()):"\u2013"}</td>
    <td data-label="Price / min" class="num">${ye(e.price_per_min)} <small>${e.currency}</small></td>
    <td data-label="Cost so far" class="num strong">${m(Rs(e))}</td>
    <td data-label="Money left" class="num">${ks(e,t)}</td>
    <td data-label="Paid for" class="num">${Cs(e)}</td>
    ${x()?i`<td class="act"><button class="danger small" @click=${()=>Es(e)}
      aria-label="End the call from ${e.caller} to ${e.callee}">End</button></td>`:r}
  </tr>`}function Ps(e,t){return[e.caller,e.callee,R(e.account_id),e.state].some(s=>s.toLowerCase().includes(t))}function Ms(){let e=o.filter.trim().toLowerCase(),t=e===""?o.calls:o.calls.filter(l=>Ps(l,e)),s=t.slice(0,o.shownMax),a=qt(),n=["Caller","Called","Account","State","Since","Talk","Price / min","Cost so far","Money left","Paid for"];return i`<section class="card wide" aria-labelledby="calls-title">
    <div class="head"><h2 id="calls-title">Calls in progress <span class="count">${$(o.callTotal)}</span></h2>
      <input type="search" placeholder="Filter: number, user, account, state" aria-label="Filter the calls"
        .value=${o.filter} @input=${l=>{o.filter=l.target.value,h()}}></div>
    <div class="scroll ${o.callsStale?"is-stale":""}"><table class="calls">
      <thead><tr>${n.map((l,c)=>i`<th scope="col" class=${c>3?"num":""}>${l}</th>`)}
        ${x()?i`<th scope="col"><span class="sr">Act</span></th>`:r}</tr></thead>
      <tbody>${Dt(s,l=>l.key,l=>Ds(l,a))}</tbody>
    </table>
    ${s.length>0?r:i`<p class="empty">${o.calls.length===0?"Nobody is talking now.":"No call matches."}</p>`}</div>
    ${t.length<=s.length&&o.callTotal<=o.calls.length?r:i`<p class="more">
      ${$(s.length)} of ${$(e===""?o.callTotal:t.length)} are shown.
      ${t.length>s.length?i`<button class="small" @click=${()=>{o.shownMax+=Wt,h()}}>Show ${Wt} more</button>`:r}</p>`}
  </section>`}function re(e,t,s=""){return i`<div class="figure"><dt>${e}</dt><dd>${t}<small>${s}</small></dd></div>`}function Bs(){let e=o.calls.filter(Re),t=new Map;for(let c of e)t.set(c.currency,(t.get(c.currency)??0)+Number(c.price_per_min));let s=[...t].map(([c,p])=>m(p,c)).join(" + "),a=o.status?.edge,l=o.callTotal<=o.calls.length?e.length:a?.calls_answered??e.length;return i`<dl class="figures">
    ${re("Calls in progress",$(o.callTotal),` ${$(l)} answered`)}
    ${re("Spent a minute",s===""?"0.00":s)}
    ${a===void 0?r:re("Registered",$(a.bindings),` contacts, ${$(a.aors)} users`)}
    ${a?.lease?.outstanding===void 0?r:re("Set aside at the edge",m(a.lease.outstanding))}
    ${re("Refused lately",$(o.refusals.length>=50?50:o.refusals.length),o.refusals[0]===void 0?"":` last ${E(o.refusals[0].wall_us)} ago`)}
  </dl>`}function Ns(){let e=qt();return i`<section class="card" aria-labelledby="balances-title">
    <div class="head"><h2 id="balances-title">Balances</h2></div>
    <div class="scroll ${o.accountsStale?"is-stale":""}"><table>
      <thead><tr><th scope="col">Account</th><th scope="col" class="num">Balance</th>
        <th scope="col" class="num">Set aside</th><th scope="col" class="num">Spends / min</th></tr></thead>
      <tbody>${o.accounts.slice(0,50).map(t=>i`<tr>
        <td><a href="#/accounts/${t.name}">${t.name}</a>
          ${t.is_suspended?i`<span class="tag bad">suspended</span>`:r}</td>
        <td class="num strong">${m(t.balance?.balance,t.currency)}</td>
        <td class="num">${m(t.balance?.leased)}</td>
        <td class="num">${m(e.get(t.id)??0)}</td></tr>`)}</tbody>
    </table></div>
  </section>`}function jt(){return i`<h1 class="sr">Live view</h1>${x()?Mt():r}${Bs()}${Ms()}
    <div class="columns">${Ns()}
      <section class="card" aria-labelledby="refusals-title">
        <div class="head"><h2 id="refusals-title">Last refusals</h2><a href="#/refusals">All</a></div>
        ${Ze(o.refusals.slice(0,10))}</section>
    </div>
    ${x()?Te(o.low,!0):r}
    ${x()?Ht():r}
    ${x()?Bt():r}
    <section class="card wide" aria-labelledby="cdrs-title">
      <div class="head"><h2 id="cdrs-title">Last call records</h2><a href="#/cdrs">All</a></div>
      ${ze(o.cdrs.slice(0,12))}</section>`}function Kt(){return i`<section class="card wide"><div class="head"><h1>Accounts</h1></div>
    <div class="scroll"><table><thead><tr><th scope="col">Name</th><th scope="col">Kind</th><th scope="col">Class</th>
      <th scope="col" class="num">Balance</th><th scope="col" class="num">Set aside</th>
      <th scope="col" class="num">Available</th><th scope="col" class="num">Calls at once</th></tr></thead>
    <tbody>${o.accounts.map(e=>i`<tr>
      <td class="strong"><a href="#/accounts/${e.name}">${e.name}</a>
        ${e.parent===null?r:i`<span class="tag">of ${R(e.parent)}</span>`}
        ${e.is_suspended?i`<span class="tag bad">suspended</span>`:r}
        ${e.balance?.is_low===!0?i`<span class="tag bad">low</span>`:r}</td>
      <td>${e.kind}</td><td>${e.class}</td>
      <td class="num strong">${m(e.balance?.balance,e.currency)}</td>
      <td class="num">${m(e.balance?.leased)}</td><td class="num">${m(e.balance?.available)}</td>
      <td class="num">${e.channels_max??"no limit"}</td></tr>`)}</tbody></table></div></section>`}var Xe=Gt("");function Gt(e){return{name:e,readAtMs:0,account:null,endpoints:[],bindings:new Map,transfers:[],low:[],failure:"",said:"",key:k(),moveKey:k(),bonusKey:k()}}async function Ls(e){for(let t of e.endpoints.slice(0,50))try{let s=await g(`/v1/endpoints/${encodeURIComponent(t.user)}/bindings`);e.bindings.set(t.user,s.items)}catch{e.bindings.set(t.user,null)}h()}async function X(e){e.readAtMs=Date.now();let t=encodeURIComponent(e.name);try{e.account=await g(`/v1/accounts/${t}`),e.endpoints=(await g(`/v1/endpoints?account=${t}`)).items,e.transfers=(await g(`/v1/accounts/${t}/transfers?max=25`)).items,e.low=(await g(`/v1/low-balances?account=${t}&max=10`)).items,e.failure=""}catch(s){e.failure=s instanceof Error?s.message:String(s)}h(),await Ls(e)}async function Hs(e,t){e.preventDefault();let s=e.target,a=new FormData(s),n=String(a.get("amount")??"").trim().replace(",",".");try{await S("POST",`/v1/accounts/${encodeURIComponent(t.name)}/topups`,{amount:n,reason:String(a.get("reason")??"")},{"Idempotency-Key":t.key}),t.said=`${n} was added.`,t.failure="",t.key=k(),s.reset()}catch(l){t.said="",t.failure=l instanceof Error?l.message:String(l),l instanceof T&&l.isUnknown||(t.key=k())}await X(t),await B()}async function Is(e,t){e.preventDefault();let s=e.target,a=new FormData(s),n=String(a.get("amount")??"").trim().replace(",","."),l=String(a.get("day")??""),c={amount:n,reason:String(a.get("reason")??"")};try{await S("POST",`/v1/accounts/${encodeURIComponent(t.name)}/bonuses`,l===""?c:{...c,expires_at:`${l}T23:59:59Z`},{"Idempotency-Key":t.bonusKey}),t.said=`${n} was given.`,t.failure="",t.bonusKey=k(),s.reset()}catch(p){t.said="",t.failure=p instanceof Error?p.message:String(p),p instanceof T&&p.isUnknown||(t.bonusKey=k())}await X(t),await B()}async function Us(e,t,s){let a=`/v1/accounts/${encodeURIComponent(e.name)}/suspension`;try{t.is_suspended?await S("DELETE",a):await S("PUT",a,{why:String(new FormData(s??void 0).get("why")??"")}),e.failure=""}catch(n){e.failure=n instanceof Error?n.message:String(n)}await X(e)}async function Os(e,t){e.preventDefault();let s=e.target,a=new FormData(s),n=String(a.get("child")??""),l=a.get("direction")==="down",c=String(a.get("amount")??"").trim().replace(",",".");try{await S("POST",`/v1/accounts/${encodeURIComponent(l?t.name:n)}/transfers`,{amount:c,to:l?n:t.name},{"Idempotency-Key":t.moveKey}),t.said=`${c} was moved ${l?"to":"from"} ${n}.`,t.failure="",t.moveKey=k(),s.reset()}catch(p){t.said="",t.failure=p instanceof Error?p.message:String(p),p instanceof T&&p.isUnknown||(t.moveKey=k())}await X(t),await B()}function Fs(e,t){let s=o.accounts.filter(a=>a.parent===t.id);return s.length===0?r:i`<section class="card wide" aria-labelledby="children-title">
    <div class="head"><h2 id="children-title">Sub-accounts</h2></div>
    <div class="scroll"><table><thead><tr><th scope="col">Name</th><th scope="col" class="num">Balance</th>
      <th scope="col" class="num">Available</th></tr></thead>
    <tbody>${s.map(a=>i`<tr><td class="strong"><a href="#/accounts/${a.name}">${a.name}</a>
      ${a.is_suspended?i`<span class="tag bad">suspended</span>`:r}</td>
      <td class="num strong">${m(a.balance?.balance,a.currency)}</td>
      <td class="num">${m(a.balance?.available)}</td></tr>`)}</tbody></table></div>
    ${x()?i`<form class="stack" @submit=${a=>void Os(a,e)}>
      <label>Move <select name="direction"><option value="down">to</option><option value="up">from</option></select></label>
      <label>Sub-account <select name="child">${s.map(a=>i`<option>${a.name}</option>`)}</select></label>
      <label>Amount in ${t.currency} <input name="amount" inputmode="decimal"
        pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="25.00" required></label>
      <button>Move money</button></form>`:r}</section>`}async function Vs(e,t,s){let a=new FormData(t),n=s?"0":String(a.get("amount")??"").trim().replace(",",".");try{await S("PUT",`/v1/accounts/${encodeURIComponent(e.name)}/lock`,{amount:n,why:String(a.get("why")??"")}),e.failure="",t.reset()}catch(l){e.failure=l instanceof Error?l.message:String(l)}await X(e),await B()}function Ws(e,t){let s=t.balance?.lock??null,a=s?.wall_until_us??null;return i`<div class="head"><h2>Balance lock</h2></div>
    <form class="stack" @submit=${n=>{n.preventDefault(),Vs(e,n.target,s!==null)}}>
      ${s===null?i`<label>Amount in ${t.currency} <input name="amount" inputmode="decimal"
            pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="25.00" required></label>`:i`<p>${m(t.balance?.locked,t.currency)} locked by ${s.by}: ${s.why}${a===null?"":`, until ${y(a)}`}</p>`}
      <label>Why <input name="why" maxlength="150" required></label>
      ${s===null?i`<button>Lock</button>`:i`<button>Unlock</button>`}
    </form>`}function qs(e){return i`<section class="card wide" aria-labelledby="devices-title">
    <div class="head"><h2 id="devices-title">Endpoints</h2></div>
    ${e.endpoints.length===0?i`<p class="empty">No endpoints.</p>`:i`<div class="scroll"><table>
    <thead><tr><th scope="col">User</th><th scope="col">Numbers</th><th scope="col">Registered at</th>
      <th scope="col">Device</th><th scope="col">Expires in</th></tr></thead>
    <tbody>${e.endpoints.map(t=>{let s=e.bindings.get(t.user),a=s??[];return i`<tr><td class="strong">${t.user}
        ${t.is_disabled?i`<span class="tag bad">disabled</span>`:r}
        ${t.digest==="sha-256"?i`<span class="tag" title="Credentials by MD5 are refused.">SHA-256 only</span>`:r}</td>
        <td>${t.identities.join(", ")||"\u2013"}</td>
        <td>${s===void 0?"\u2026":s===null?"not known now":a.length===0?i`<span class="state failed">not registered</span>`:a.map(n=>i`<div>${n.source??n.uri}${n.is_flow_lost?" (connection lost)":""}</div>`)}</td>
        <td>${a.map(n=>i`<div>${n.user_agent??""}</div>`)}</td>
        <td>${a.map(n=>i`<div>${n.wall_expires_us===void 0?"":E(2*Date.now()*1e3-n.wall_expires_us)}</div>`)}</td></tr>`})}</tbody></table></div>`}</section>`}function js(){let e=new Date;return Array.from({length:6},(t,s)=>new Date(Date.UTC(e.getUTCFullYear(),e.getUTCMonth()-s,1)).toISOString().slice(0,7))}function Ks(e){let t=`/v1/accounts/${encodeURIComponent(e)}/statement`;return i`<section class="card wide" aria-labelledby="monthly-title">
    <div class="head"><h2 id="monthly-title">Monthly statements</h2></div>
    <div class="scroll"><table><tbody>${js().map(s=>i`<tr><td class="strong">${s}</td>
      <td><a href="${t}?month=${s}&format=pdf" download>PDF</a></td>
      <td><a href="${t}?month=${s}&format=csv" download>CSV</a></td></tr>`)}</tbody></table></div></section>`}function Gs(e,t){return i`<section class="card wide" aria-labelledby="statement-title">
    <div class="head"><h2 id="statement-title">Statement</h2></div>
    ${e.transfers.length===0?i`<p class="empty">No entries.</p>`:i`<div class="scroll"><table>
    <thead><tr><th scope="col">When</th><th scope="col">Kind</th><th scope="col" class="num">Amount</th>
      <th scope="col">By</th><th scope="col">Why</th></tr></thead>
    <tbody>${e.transfers.map(s=>i`<tr><td class="num left" title=${y(s.wall_us)}>${w(s.wall_us)}</td>
      <td>${s.kind}</td><td class="num strong">${m(s.amount,t)}</td>
      <td>${s.actor}</td><td>${s.reason}</td></tr>`)}</tbody></table></div>`}</section>`}function zs(e,t){return i`<section class="card" aria-labelledby="act-title">
    <div class="head"><h2 id="act-title">Top up</h2></div>
    <form class="stack" @submit=${s=>void Hs(s,e)}>
      <label>Amount in ${t.currency}
        <input name="amount" inputmode="decimal" pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="25.00" required></label>
      <label>Reason <input name="reason" maxlength="150" placeholder="Bank transfer"></label>
      <button class="primary">Top up</button>
    </form>
    <div class="head"><h2>Promotional credit</h2></div>
    <form class="stack" @submit=${s=>void Is(s,e)}>
      <label>Amount in ${t.currency}
        <input name="amount" inputmode="decimal" pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="5.00" required></label>
      <label>Until the end of (UTC) <input name="day" type="date"></label>
      <label>Reason <input name="reason" maxlength="150" placeholder="Welcome"></label>
      <button>Give</button>
    </form>
    <div class="head"><h2>Suspension</h2></div>
    <form class="stack" @submit=${s=>{s.preventDefault(),Us(e,t,s.target)}}>
      ${t.is_suspended?i`<p>Suspended by ${t.suspended_by}: ${t.suspended_why}</p>
          <p>${t.wall_suspended_until_us===null?"It lasts until a person ends it.":i`It ends by itself <span title=${y(t.wall_suspended_until_us)}>at
              ${w(t.wall_suspended_until_us)}</span>, unless the rule renews it.`}</p><button>Resume</button>`:i`<label>Why <input name="why" maxlength="95" required></label><button class="danger">Suspend</button>`}
    </form>${Ws(e,t)}</section>`}function zt(e){Xe.name!==e&&(Xe=Gt(e));let t=Xe;Date.now()-t.readAtMs>5e3&&X(t);let s=t.account,a=o.accounts.find(n=>n.name===e)?.balance??s?.balance;return i`<div class="head"><h1>${e}${s?.is_suspended===!0?i` <span class="tag bad">suspended</span>`:r}</h1><a href="#/accounts">All accounts</a></div>
    ${t.failure===""?r:i`<p class="failure" role="alert">${t.failure}</p>`}
    ${t.said===""?r:i`<p class="said" role="status">${t.said}</p>`}
    ${s===null?r:i`<div class="columns"><section class="card" aria-labelledby="money-title">
        <div class="head"><h2 id="money-title">Money</h2></div>
        <dl class="facts"><div><dt>Balance</dt><dd class="big">${m(a?.balance,s.currency)}</dd></div>
          <div><dt>Available</dt><dd>${m(a?.available,s.currency)}</dd></div>
          ${a?.lock?i`<div><dt>Locked</dt><dd>${m(a.locked,s.currency)}</dd></div>`:r}
          ${(a?.promotions??[]).map(n=>i`<div><dt>Credit that expires</dt>
            <dd>${m(n.left,s.currency)} <span title=${y(n.wall_expires_us)}>until
              ${w(n.wall_expires_us)}</span></dd></div>`)}
          <div><dt>Set aside at the edge</dt><dd>${m(a?.leased,s.currency)}</dd></div>
          <div><dt>Credit limit</dt><dd>${m(s.limit,s.currency)}</dd></div>
          <div><dt>Told when below</dt><dd>${a?.low_below==null?"never":i`${m(a.low_below,s.currency)}
              ${a.is_low?i`<span class="tag bad">low</span>`:r}`}</dd></div>
          ${s.parent===null?r:i`<div><dt>Sub-account of</dt><dd>${R(s.parent)}</dd></div>`}
          <div><dt>Kind and class</dt><dd>${s.kind}, ${s.class}</dd></div>
          <div><dt>Calls at once</dt><dd>${s.channels_max??"no limit"}</dd></div>
          <div><dt>Calls a second</dt><dd>${s.cps_max??"no limit"}</dd></div></dl></section>
      ${x()?zs(t,s):r}</div>
      ${Fs(t,s)}${Te(t.low,!1)}${qs(t)}${Gs(t,s.currency)}${Ks(e)}`}`}var D={decks:[],isRead:!1,failure:""},Qe=Qt("");function Qt(e){return{name:e,isRead:!1,versions:[],next:null,failure:"",said:"",badRows:[],isBusy:!1,diff:null,file:null}}var Yt=e=>e instanceof Error?e.message:String(e),Q=e=>"/v1/decks/"+encodeURIComponent(e);async function Ye(){D.isRead=!0;try{D.decks=(await g("/v1/decks?max=1000")).items,D.failure=""}catch(e){D.failure=Yt(e)}h()}async function Ce(e,t){e.isRead=!0;let s=await g(`${Q(e.name)}/versions?max=20${t===null?"":"&cursor="+t}`);e.versions=t===null?s.items:[...e.versions,...s.items],e.next=s.next}async function ce(e,t){if(!e.isBusy){e.isBusy=!0,e.said="",e.badRows=[],h();try{await t(),e.failure=""}catch(s){e.failure=Yt(s),e.badRows=s instanceof T?s.rows:[]}e.isBusy=!1,h()}}var Zs=e=>e.versions.find(t=>t.is_live),Xs=(e,t)=>ce(e,async()=>{let s=Zs(e)??await g(Q(e.name));e.file=null,e.diff=await g(`${Q(e.name)}/diff?from=${s.deck_version}&to=${t.deck_version}&max=200`)}),Qs=(e,t)=>ce(e,async()=>{e.diff=await Fe(`/v1/decks?name=${encodeURIComponent(e.name)}&dry_run=true&max=200`,t),e.file=t}),Ys=(e,t)=>ce(e,async()=>{let s=e.file,a=await g(Q(e.name));if(a.deck_version!==t.from)throw e.diff=e.file=null,await Ce(e,null),new Error(`Version ${a.deck_version} came in force meanwhile. Nothing was changed: look again.`);let n=s===null?await S("POST",`${Q(e.name)}/rollback?version=${t.to}`):await Fe(`/v1/decks?name=${encodeURIComponent(e.name)}`,s);e.diff=e.file=null,e.said=`Version ${n.deck_version} is in force; calls in progress keep their price.`,await Ce(e,null),await Ye()});function Zt(e){if(e===null)return"\u2013";let t=Number(e.connection_fee)===0?"":`, ${m(e.connection_fee)} at once`;return i`${ye(e.per_minute)} <small>${e.first_increment}/${e.next_increment} s${t}</small>`}function Xt(e){return[[e.up,"dearer"],[e.down,"cheaper"],[e.mixed,"mixed"],[e.new,"new"],[e.gone,"gone"],[e.same,"the same"]].filter(([t])=>t!==0).map(([t,s])=>`${$(t)} ${s}`).join(", ")||"nothing"}var Js={up:"dearer",down:"cheaper",mixed:"mixed",new:"new",gone:"gone"};function en(e,t){let s=t.traffic,a=s.calls===0?"No calls were priced by this deck.":`${$(s.calls)} calls: ${m(s.before,t.currency)} before, ${m(s.after,t.currency)} after (${m(s.difference,t.currency)})${s.unpriced===0?"":`; ${$(s.unpriced)} would have no price`}`+(s.is_partial?". Only a part was read.":".");return i`<section class="card wide" aria-labelledby="diff-title" id="deck-diff">
    <div class="head"><h2 id="diff-title">From version ${t.from??"none"} to
      ${e.file===null?`version ${t.to}`:`the file ${e.file.name}`}</h2></div>
    <dl class="facts"><div><dt>Prefixes</dt><dd>${Xt(t.counts)}</dd></div>
      ${t.later.map(n=>i`<div><dt title=${y(n.wall_us)}>From ${w(n.wall_us)}</dt>
        <dd>${Xt(n.counts)}</dd></div>`)}
      <div><dt>Calls of the last 7 days</dt><dd>${a}</dd></div></dl>
    ${t.changes.length===0?r:i`<div class="scroll"><table><thead><tr><th scope="col">Prefix</th>
      <th scope="col">Destination</th><th scope="col">Change</th>
      <th scope="col" class="num">Before</th><th scope="col" class="num">After</th></tr></thead>
      <tbody>${t.changes.map(n=>i`<tr><td class="strong">${n.prefix}</td><td>${n.description}</td>
        <td><span class="tag ${n.change==="up"||n.change==="gone"?"bad":""}">${Js[n.change]??n.change}</span></td>
        <td class="num">${Zt(n.before)}</td><td class="num strong">${Zt(n.after)}</td></tr>`)}</tbody></table></div>`}
    ${t.is_cut?i`<p>More changes than are listed.</p>`:r}
    <p class="more"><button class="small" @click=${()=>{e.diff=e.file=null,h()}}>Leave it</button>
      <button class="primary" ?disabled=${e.isBusy} @click=${()=>void Ys(e,t)}>Make it live</button></p></section>`}function tn(e){return i`<section class="card wide" aria-labelledby="versions-title">
    <div class="head"><h2 id="versions-title">Versions</h2></div>
    <div class="scroll"><table class="versions"><thead><tr><th scope="col">Version</th><th scope="col">Imported</th>
      <th scope="col" class="num">Prefixes</th><th scope="col"><span class="sr">Act</span></th></tr></thead>
    <tbody>${e.versions.map(t=>i`<tr data-version=${t.deck_version}>
      <td class="strong">${t.deck_version} ${t.is_live?i`<span class="tag">in force</span>`:r}</td>
      <td class="num left" title=${y(t.wall_imported_us)}>${w(t.wall_imported_us)}</td>
      <td class="num">${$(t.prefix_count)}</td>
      <td class="act"><a href="${Q(e.name)}/csv?version=${t.deck_version}" download>CSV</a>
        ${t.is_live?r:i`<button class="small" ?disabled=${e.isBusy}
          @click=${()=>void Xs(e,t)} aria-label="What would change with version ${t.deck_version}">Compare</button>`}</td></tr>`)}</tbody></table></div>
    ${e.next===null?r:i`<p class="more"><button class="small"
      @click=${()=>void ce(e,()=>Ce(e,e.next))}>Show older</button></p>`}
    <form class="filters" @submit=${t=>{t.preventDefault();let s=new FormData(t.target).get("file");s instanceof File&&s.size>0&&Qs(e,s)}}>
      <label>New prices <input type="file" name="file" accept=".csv,text/csv" required></label>
      <button ?disabled=${e.isBusy}>${e.isBusy?"One moment\u2026":"What would change"}</button>
    </form></section>`}function sn(e){Qe.name!==e&&(Qe=Qt(e));let t=Qe;t.isRead||(t.isRead=!0,ce(t,()=>Ce(t,null)));let s=D.decks.find(a=>a.name===e);return i`<div class="head"><h1>${e}</h1><a href="#/decks">All decks</a></div>
    ${s===void 0?r:i`<p class="about">${s.prices_of==="messages"?"Messages":"Calls"} in ${s.currency}, rounded ${s.rounding}; windows in ${s.time_zone}.</p>`}
    ${t.failure===""?r:i`<div class="failure" role="alert">${t.failure}${t.badRows.map(a=>i`<div>Line ${a.line}: ${a.text}</div>`)}</div>`}
    ${t.said===""?r:i`<p class="said" role="status">${t.said}</p>`}
    ${t.diff===null?r:en(t,t.diff)}${tn(t)}`}function Jt(e){return D.isRead||Ye(),e!==void 0?sn(e):i`<section class="card wide"><div class="head"><h1>Decks</h1>
      <button class="small" @click=${()=>void Ye()}>Read again</button></div>
    ${D.failure===""?r:i`<p class="failure" role="alert">${D.failure}</p>`}
    ${D.decks.length===0?i`<p class="empty">No decks.</p>`:i`<div class="scroll"><table><thead><tr>
      <th scope="col">Name</th><th scope="col">Prices of</th><th scope="col">Currency</th><th scope="col" class="num">In force</th>
      <th scope="col">Imported</th><th scope="col" class="num">Prefixes</th></tr></thead>
    <tbody>${D.decks.map(t=>i`<tr><td class="strong"><a href="#/decks/${t.name}">${t.name}</a></td>
      <td>${t.prices_of}</td><td>${t.currency}</td><td class="num">version ${t.deck_version}</td>
      <td class="num left" title=${y(t.wall_imported_us)}>${w(t.wall_imported_us)}</td>
      <td class="num">${$(t.prefix_count)}</td></tr>`)}</tbody></table></div>`}</section>`}var N=null,De="";async function nn(e){e.preventDefault();let t=new FormData(e.target),s=String(t.get("kind")),a=new URLSearchParams({[s]:String(t.get("who")).trim(),number:String(t.get("number")).trim()});try{N=await g("/v1/explain?"+a.toString()),De=""}catch(n){N=null,De=n instanceof Error?n.message:String(n)}h()}function es(e){return e==null||e===""?"\u2013":Array.isArray(e)?i`<ol>${e.map(t=>i`<li>${es(t)}</li>`)}</ol>`:typeof e=="object"?Ee(e):String(e)}function Ee(e){return i`<dl class="facts">${Object.entries(e).map(([t,s])=>i`<div>
    <dt>${t.replaceAll("_"," ")}</dt><dd>${es(s)}</dd></div>`)}</dl>`}function an(e){let t=e.would==="connect"?"The call would connect.":e.would==="ask"?"The call would ask the ledger for money first, and connect if there is enough.":`The call would be refused: ${e.status??""} ${e.reason??""}`;return i`<p class=${e.would==="refuse"?"failure":"said"} role="status">${t}</p>
    ${e.why===void 0?r:i`<p>${e.why}</p>`}`}function ts(){return i`<section class="card wide"><div class="head"><h1>Explain a call</h1></div>
    <form class="filters" @submit=${e=>void nn(e)}>
      <label>Who <select name="kind"><option value="account">account</option>
        <option value="endpoint">endpoint</option><option value="trunk">trunk</option></select></label>
      <label>Name <input name="who" list="names" required spellcheck="false" autocapitalize="none"></label>
      <datalist id="names">${o.accounts.map(e=>i`<option value=${e.name}></option>`)}</datalist>
      <label>Dials <input name="number" required spellcheck="false" placeholder="+49 30 123456"></label>
      <button class="primary">Explain</button>
    </form>
    ${De===""?r:i`<p class="failure" role="alert">${De}</p>`}
    ${N===null?r:i`${an(N)}<div class="columns">
      <div><h2>Route and price</h2>${Ee(N.plan)}</div>
      ${N.lease===void 0?r:i`<div><h2>Money at the edge</h2>${Ee(N.lease)}</div>`}
      ${N.limits===void 0?r:i`<div><h2>Limits</h2>${Ee(N.limits)}</div>`}</div>`}
  </section>`}var de=(e,t)=>{let s=e._$AN;if(s===void 0)return!1;for(let a of s)a._$AO?.(t,!1),de(a,t);return!0},Pe=e=>{let t,s;do{if((t=e._$AM)===void 0)break;s=t._$AN,s.delete(e),e=t}while(s?.size===0)},ss=e=>{for(let t;t=e._$AM;e=t){let s=t._$AN;if(s===void 0)t._$AN=s=new Set;else if(s.has(e))break;s.add(e),rn(t)}};function on(e){this._$AN!==void 0?(Pe(this),this._$AM=e,ss(this)):this._$AM=e}function ln(e,t=!1,s=0){let a=this._$AH,n=this._$AN;if(n!==void 0&&n.size!==0)if(t)if(Array.isArray(a))for(let l=s;l<a.length;l++)de(a[l],!1),Pe(a[l]);else a!=null&&(de(a,!1),Pe(a));else de(this,e)}var rn=e=>{e.type==Ae.CHILD&&(e._$AP??=ln,e._$AQ??=on)},Me=class extends z{constructor(){super(...arguments),this._$AN=void 0}_$AT(t,s,a){super._$AT(t,s,a),ss(this),this.isConnected=t._$AU}_$AO(t,s=!0){t!==this.isConnected&&(this.isConnected=t,t?this.reconnected?.():this.disconnected?.()),s&&(de(this,t),Pe(this))}setValue(t){if(Rt(this._$Ct))this._$Ct._$AI(t,this);else{let s=[...this._$Ct._$AH];s[this._$Ci]=t,this._$Ct._$AI(s,this,0)}}disconnected(){}reconnected(){}};var Je=new WeakMap,ns=ae(class extends Me{render(e){return r}update(e,[t]){let s=t!==this.G;return s&&this.G!==void 0&&this.rt(void 0),(s||this.lt!==this.ct)&&(this.G=t,this.ht=e.options?.host,this.rt(this.ct=e.element)),r}rt(e){if(this.isConnected||(e=void 0),typeof this.G=="function"){let t=this.ht??globalThis,s=Je.get(t);s===void 0&&(s=new WeakMap,Je.set(t,s)),s.get(this.G)!==void 0&&this.G.call(this.ht,void 0),s.set(this.G,e),e!==void 0&&this.G.call(this.ht,e)}else this.G.value=e}get lt(){return typeof this.G=="function"?Je.get(this.ht??globalThis)?.get(this.G):this.G?.value}disconnected(){this.lt===this.ct&&this.rt(void 0)}reconnected(){this.rt(this.ct)}});function is(e){let t=e;t!==void 0&&t.isConnected&&!t.open?t.showModal():t!==void 0&&!t.isConnected&&queueMicrotask(()=>is(t))}function as(){o.ending=null,h()}function os(){let e=o.ending;return e===null?r:i`<dialog ${ns(is)} aria-labelledby="end-title" @close=${as}>
    <h2 id="end-title">End this call?</h2>
    <p><b>${e.caller}</b> ${e.wall_answer_us>0?"is talking to":"is calling"} <b>${e.callee}</b>. Both are hung up at once.</p>
    <div class="buttons">
      <button autofocus @click=${as}>Cancel</button>
      <button class="danger" id="end-confirm" @click=${()=>void wt(e)}>End the call</button>
    </div>
  </dialog>`}var cn=[["","Live"],["accounts","Accounts"],["cdrs","Call records"],["refusals","Refusals"],["decks","Decks"],["explain","Explain"]];function K(e,t,s,a=""){return i`<span class="chip ${t===null?"plain":t?"good":"bad"}" title=${a}><i aria-hidden="true"></i><b>${e}</b> ${s}</span>`}function dn(){let e=o.status,t=e?.edge,s=t?.store??e?.web.store,a=s?.state==="ok",n=s===void 0?"unknown":a?"answers":"silent for "+E(s.since_wall_us??Date.now()*1e3);return i`<div class="bar" role="status" aria-label="State of the parts">
    ${K("Live",o.isFollowing,o.isFollowing?"following":"reconnecting\u2026")}
    ${x()&&e!==null?i`
      ${K("Edge",t?.state==="ready",t?.state??"unknown",t?.state==="unknown"?"It does not answer now. Calls may well go on.":"")}
      ${K("Ledger",s===void 0?null:a,n,a?"":s?.error??"")}
      ${(e.supervisor.roles??[]).filter(l=>l.name!=="edge").map(l=>K(l.name,l.state==="ready",l.state,`${l.restarts??0} restarts`))}
      ${t?.lease?.bound===void 0?r:K("At risk at most",null,m(t.lease.bound),"What grace can lose while the ledger is silent")}
      ${t?.outbox?.unsettled===void 0?r:K("Unsettled",null,String(t.outbox.unsettled),"Usages that the ledger has not booked yet")}`:r}
    ${x()&&(e?.edge.alerts??[]).length>0?K("Fraud",!1,"suspected: "+(e?.edge.alerts??[]).map(l=>l.account??"#"+l.account_id).join(", ")):r}
    ${o.callsStale?i`<span class="chip bad" title=${y(o.callsAsOfUs)}>
      <i aria-hidden="true"></i><b>Calls</b> as of ${E(o.callsAsOfUs)} ago</span>`:r}
    ${o.accountsStale?i`<span class="chip bad" title=${y(o.accountsAsOfUs)}>
      <i aria-hidden="true"></i><b>Balances</b> as of ${E(o.accountsAsOfUs)} ago</span>`:r}
    ${o.error===""?r:i`<span class="chip bad"><i aria-hidden="true"></i>${o.error}</span>`}
  </div>`}function un(){let e=o.route[0]??"",t=cn.filter(([s])=>s!=="explain"&&s!=="decks"||x());return i`<header>
    <a class="brand" href="#/"><img src="/favicon.svg" alt="" width="26" height="26">dialtone</a>
    <nav aria-label="Pages">${t.map(([s,a])=>i`
      <a href="#/${s}" aria-current=${e===s?"page":"false"}>${a}</a>`)}
    </nav>
    <span class="who">${o.session?.name.replace(/^[a-z]+:/,"")}
      <button class="quiet" @click=${()=>void _t()}>Log out</button></span>
  </header>`}function mn(){switch(o.route[0]??""){case"accounts":return o.route[1]===void 0?Kt():zt(o.route[1]);case"cdrs":return Ft();case"refusals":return Vt();case"decks":return Jt(o.route[1]);case"explain":return ts();default:return jt()}}function ls(){return o.isChecked?o.session===null?Tt():i`${un()}${dn()}<main>${mn()}</main>
    <p class="toast ${o.note===""?"is-empty":""}" role="status" aria-live="polite">${o.note}</p>
    ${os()}`:i`<p class="wait">One moment…</p>`}function rs(){o.route=location.hash.replace(/^#\/?/,"").split("/").filter(e=>e!=="").map(decodeURIComponent),o.note="",h()}var et=document.createElement("div");et.id="app";document.body.append(et);bt(()=>pt(ls(),et));addEventListener("hashchange",rs);rs();yt();setInterval(()=>{o.session!==null&&!document.hidden&&h()},1e3);})();
