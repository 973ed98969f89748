"use strict";(()=>{var Mt=globalThis,it=Mt.trustedTypes,Kt=it?it.createPolicy("lit-html",{createHTML:t=>t}):void 0,Pt="$lit$",E=`lit$${Math.random().toFixed(9).slice(2)}$`,Dt="?"+E,Ze=`<${Dt}>`,L=document,X=()=>L.createComment(""),Z=t=>t===null||typeof t!="object"&&typeof t!="function",Bt=Array.isArray,te=t=>Bt(t)||typeof t?.[Symbol.iterator]=="function",Et=`[ 	
\f\r]`,K=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,Xt=/-->/g,Zt=/>/g,B=RegExp(`>|${Et}(?:([^\\s"'>=/]+)(${Et}*=${Et}*(?:[^ 	
\f\r"'\`<>=]|("|')|))|$)`,"g"),Qt=/'/g,Yt=/"/g,ee=/^(?:script|style|textarea|title)$/i,Nt=t=>(e,...s)=>({_$litType$:t,strings:e,values:s}),o=Nt(1),Ws=Nt(2),js=Nt(3),H=Symbol.for("lit-noChange"),r=Symbol.for("lit-nothing"),Jt=new WeakMap,N=L.createTreeWalker(L,129);function se(t,e){if(!Bt(t)||!t.hasOwnProperty("raw"))throw Error("invalid template strings array");return Kt!==void 0?Kt.createHTML(e):e}var ne=(t,e)=>{let s=t.length-1,a=[],n,l=e===2?"<svg>":e===3?"<math>":"",c=K;for(let h=0;h<s;h++){let d=t[h],f,y,u=-1,$=0;for(;$<d.length&&(c.lastIndex=$,y=c.exec(d),y!==null);)$=c.lastIndex,c===K?y[1]==="!--"?c=Xt:y[1]!==void 0?c=Zt:y[2]!==void 0?(ee.test(y[2])&&(n=RegExp("</"+y[2],"g")),c=B):y[3]!==void 0&&(c=B):c===B?y[0]===">"?(c=n??K,u=-1):y[1]===void 0?u=-2:(u=c.lastIndex-y[2].length,f=y[1],c=y[3]===void 0?B:y[3]==='"'?Yt:Qt):c===Yt||c===Qt?c=B:c===Xt||c===Zt?c=K:(c=B,n=void 0);let m=c===B&&t[h+1].startsWith("/>")?" ":"";l+=c===K?d+Ze:u>=0?(a.push(f),d.slice(0,u)+Pt+d.slice(u)+E+m):d+E+(u===-2?h:m)}return[se(t,l+(t[s]||"<?>")+(e===2?"</svg>":e===3?"</math>":"")),a]},Q=class t{constructor({strings:e,_$litType$:s},a){let n;this.parts=[];let l=0,c=0,h=e.length-1,d=this.parts,[f,y]=ne(e,s);if(this.el=t.createElement(f,a),N.currentNode=this.el.content,s===2||s===3){let u=this.el.content.firstChild;u.replaceWith(...u.childNodes)}for(;(n=N.nextNode())!==null&&d.length<h;){if(n.nodeType===1){if(n.hasAttributes())for(let u of n.getAttributeNames())if(u.endsWith(Pt)){let $=y[c++],m=n.getAttribute(u).split(E),_=/([.?@])?(.*)/.exec($);d.push({type:1,index:l,name:_[2],strings:m,ctor:_[1]==="."?rt:_[1]==="?"?ct:_[1]==="@"?dt:I}),n.removeAttribute(u)}else u.startsWith(E)&&(d.push({type:6,index:l}),n.removeAttribute(u));if(ee.test(n.tagName)){let u=n.textContent.split(E),$=u.length-1;if($>0){n.textContent=it?it.emptyScript:"";for(let m=0;m<$;m++)n.append(u[m],X()),N.nextNode(),d.push({type:2,index:++l});n.append(u[$],X())}}}else if(n.nodeType===8)if(n.data===Dt)d.push({type:2,index:l});else{let u=-1;for(;(u=n.data.indexOf(E,u+1))!==-1;)d.push({type:7,index:l}),u+=E.length-1}l++}}static createElement(e,s){let a=L.createElement("template");return a.innerHTML=e,a}};function U(t,e,s=t,a){if(e===H)return e;let n=a!==void 0?s._$Co?.[a]:s._$Cl,l=Z(e)?void 0:e._$litDirective$;return n?.constructor!==l&&(n?._$AO?.(!1),l===void 0?n=void 0:(n=new l(t),n._$AT(t,s,a)),a!==void 0?(s._$Co??=[])[a]=n:s._$Cl=n),n!==void 0&&(e=U(t,n._$AS(t,e.values),n,a)),e}var lt=class{constructor(e,s){this._$AV=[],this._$AN=void 0,this._$AD=e,this._$AM=s}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(e){let{el:{content:s},parts:a}=this._$AD,n=(e?.creationScope??L).importNode(s,!0);N.currentNode=n;let l=N.nextNode(),c=0,h=0,d=a[0];for(;d!==void 0;){if(c===d.index){let f;d.type===2?f=new V(l,l.nextSibling,this,e):d.type===1?f=new d.ctor(l,d.name,d.strings,this,e):d.type===6&&(f=new ut(l,this,e)),this._$AV.push(f),d=a[++h]}c!==d?.index&&(l=N.nextNode(),c++)}return N.currentNode=L,n}p(e){let s=0;for(let a of this._$AV)a!==void 0&&(a.strings!==void 0?(a._$AI(e,a,s),s+=a.strings.length-2):a._$AI(e[s])),s++}},V=class t{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(e,s,a,n){this.type=2,this._$AH=r,this._$AN=void 0,this._$AA=e,this._$AB=s,this._$AM=a,this.options=n,this._$Cv=n?.isConnected??!0}get parentNode(){let e=this._$AA.parentNode,s=this._$AM;return s!==void 0&&e?.nodeType===11&&(e=s.parentNode),e}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(e,s=this){e=U(this,e,s),Z(e)?e===r||e==null||e===""?(this._$AH!==r&&this._$AR(),this._$AH=r):e!==this._$AH&&e!==H&&this._(e):e._$litType$!==void 0?this.$(e):e.nodeType!==void 0?this.T(e):te(e)?this.k(e):this._(e)}O(e){return this._$AA.parentNode.insertBefore(e,this._$AB)}T(e){this._$AH!==e&&(this._$AR(),this._$AH=this.O(e))}_(e){this._$AH!==r&&Z(this._$AH)?this._$AA.nextSibling.data=e:this.T(L.createTextNode(e)),this._$AH=e}$(e){let{values:s,_$litType$:a}=e,n=typeof a=="number"?this._$AC(e):(a.el===void 0&&(a.el=Q.createElement(se(a.h,a.h[0]),this.options)),a);if(this._$AH?._$AD===n)this._$AH.p(s);else{let l=new lt(n,this),c=l.u(this.options);l.p(s),this.T(c),this._$AH=l}}_$AC(e){let s=Jt.get(e.strings);return s===void 0&&Jt.set(e.strings,s=new Q(e)),s}k(e){Bt(this._$AH)||(this._$AH=[],this._$AR());let s=this._$AH,a,n=0;for(let l of e)n===s.length?s.push(a=new t(this.O(X()),this.O(X()),this,this.options)):a=s[n],a._$AI(l),n++;n<s.length&&(this._$AR(a&&a._$AB.nextSibling,n),s.length=n)}_$AR(e=this._$AA.nextSibling,s){for(this._$AP?.(!1,!0,s);e!==this._$AB;){let a=e.nextSibling;e.remove(),e=a}}setConnected(e){this._$AM===void 0&&(this._$Cv=e,this._$AP?.(e))}},I=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(e,s,a,n,l){this.type=1,this._$AH=r,this._$AN=void 0,this.element=e,this.name=s,this._$AM=n,this.options=l,a.length>2||a[0]!==""||a[1]!==""?(this._$AH=Array(a.length-1).fill(new String),this.strings=a):this._$AH=r}_$AI(e,s=this,a,n){let l=this.strings,c=!1;if(l===void 0)e=U(this,e,s,0),c=!Z(e)||e!==this._$AH&&e!==H,c&&(this._$AH=e);else{let h=e,d,f;for(e=l[0],d=0;d<l.length-1;d++)f=U(this,h[a+d],s,d),f===H&&(f=this._$AH[d]),c||=!Z(f)||f!==this._$AH[d],f===r?e=r:e!==r&&(e+=(f??"")+l[d+1]),this._$AH[d]=f}c&&!n&&this.j(e)}j(e){e===r?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,e??"")}},rt=class extends I{constructor(){super(...arguments),this.type=3}j(e){this.element[this.name]=e===r?void 0:e}},ct=class extends I{constructor(){super(...arguments),this.type=4}j(e){this.element.toggleAttribute(this.name,!!e&&e!==r)}},dt=class extends I{constructor(e,s,a,n,l){super(e,s,a,n,l),this.type=5}_$AI(e,s=this){if((e=U(this,e,s,0)??r)===H)return;let a=this._$AH,n=e===r&&a!==r||e.capture!==a.capture||e.once!==a.once||e.passive!==a.passive,l=e!==r&&(a===r||n);n&&this.element.removeEventListener(this.name,this,a),l&&this.element.addEventListener(this.name,this,e),this._$AH=e}handleEvent(e){typeof this._$AH=="function"?this._$AH.call(this.options?.host??this.element,e):this._$AH.handleEvent(e)}},ut=class{constructor(e,s,a){this.element=e,this.type=6,this._$AN=void 0,this._$AM=s,this.options=a}get _$AU(){return this._$AM._$AU}_$AI(e){U(this,e)}},ae={M:Pt,P:E,A:Dt,C:1,L:ne,R:lt,D:te,V:U,I:V,H:I,N:ct,U:dt,B:rt,F:ut},Qe=Mt.litHtmlPolyfillSupport;Qe?.(Q,V),(Mt.litHtmlVersions??=[]).push("3.3.1");var oe=(t,e,s)=>{let a=s?.renderBefore??e,n=a._$litPart$;if(n===void 0){let l=s?.renderBefore??null;a._$litPart$=n=new V(e.insertBefore(X(),l),l,void 0,s??{})}return n._$AI(t),n};var T=class extends Error{constructor(s,a,n){super(n);this.status=s;this.code=a}get isUnknown(){return this.status===503||this.status===0}},ie="";function le(t){ie=t}async function Ye(t){try{let e=await t.json();return new T(t.status,e.code??"",e.detail??e.title??t.statusText)}catch{return new T(t.status,"",t.statusText)}}async function S(t,e,s,a={}){let n={method:t,headers:{...a},signal:AbortSignal.timeout(1e4)},l=n.headers;s!==void 0&&(l["Content-Type"]="application/json",n.body=JSON.stringify(s)),t!=="GET"&&(l["X-CSRF-Token"]=ie);let c;try{c=await fetch(e,n)}catch{throw new T(0,"unreachable","The server does not answer.")}if(!c.ok)throw await Ye(c);return c.status===204?void 0:await c.json()}var b=t=>S("GET",t);function pt(){let t=crypto.getRandomValues(new Uint8Array(16));return"console-"+Array.from(t,e=>e.toString(16).padStart(2,"0")).join("")}var i={session:null,isChecked:!1,isFollowing:!1,calls:[],callTotal:0,callsAsOfUs:0,callsStale:!1,accounts:[],accountsStale:!1,accountsAsOfUs:0,cdrs:[],refusals:[],bans:[],low:[],status:null,exposureBy:"account",exposure:null,trunkNames:new Map,error:"",route:[],filter:"",shownMax:100,ending:null,note:""},ce=()=>{},Lt=!0;function de(t){ce=t}function g(){Lt&&(Lt=!1,requestAnimationFrame(()=>{Lt=!0,ce()}))}var w=()=>i.session?.role==="operator",P=t=>i.accounts.find(e=>e.id===t)?.name??(t===null||t===0?"":"#"+t);async function W(t){try{await t(),i.error=""}catch(e){if(e instanceof T&&e.status===401)return Ft();i.error=e instanceof Error?e.message:String(e)}g()}var Y=()=>W(async()=>{let t=await b("/v1/calls?max=1000");i.calls=t.items.sort((e,s)=>s.wall_start_us-e.wall_start_us),i.callTotal=t.total,i.callsAsOfUs=t.as_of_wall_us,i.callsStale=t.is_stale}),F=()=>W(async()=>{let t=await b("/v1/accounts?max=1000");i.accounts=t.items,i.accountsStale=t.is_stale===!0,i.accountsAsOfUs=t.as_of_wall_us??0}),mt=()=>W(async()=>{let t=await b("/v1/refusals?max=50");i.refusals=t.items,i.cdrs=(await b("/v1/cdrs?max=50")).items}),Ut=()=>W(async()=>{w()&&(i.status=await b("/v1/status"))}),J=()=>W(async()=>{if(!w())return;let t=i.exposureBy,e=await b(`/v1/exposure?by=${t}&max=1000`);if(t===i.exposureBy&&(i.exposure=e),t==="trunk"&&e.items.some(s=>s.trunk_id!==0&&!i.trunkNames.has(s.trunk_id??0))){let s=await b("/v1/trunks?max=1000");i.trunkNames=new Map(s.items.map(a=>[a.id,a.name]))}}),ft=()=>W(async()=>{w()&&(i.bans=(await b("/v1/bans")).items)}),It=()=>W(async()=>{w()&&(i.low=(await b("/v1/low-balances?max=10")).items)}),Ht=new Set;function C(t,e){Ht.has(t)||(Ht.add(t),setTimeout(()=>{Ht.delete(t),i.session!==null&&t()},e))}var O=null;function Je(){O?.close(),O=new EventSource("/v1/events");let t=(e,s)=>{for(let a of e)O?.addEventListener(a,s)};O.addEventListener("open",()=>{i.isFollowing=!0,re()}),O.addEventListener("error",()=>{i.isFollowing=!1,g()}),t(["call.started","call.ringing","call.answered"],()=>C(Y,200)),t(["call.ended"],()=>{C(Y,200),C(J,1e3),C(mt,1500)}),t(["refusal"],()=>C(mt,400)),t(["balance","config"],()=>C(F,300)),t(["registered","unregistered","store","edge","alarm","fraud.suspected","fraud.over"],()=>C(Ut,300)),t(["balance.low"],()=>{C(It,300),C(F,300)}),t(["ban.begun","ban.prolonged","ban.over","ban.lifted"],()=>C(ft,300)),t(["lost"],re)}function re(){for(let t of[Ut,F,Y,mt,ft,It,J])t()}setInterval(()=>{i.session===null||document.hidden||(Ut(),Y(),J())},5e3);setInterval(()=>{i.session===null||document.hidden||(F(),mt(),ft(),It())},15e3);function Ot(t){i.session=t,i.isChecked=!0,le(t.csrf),Je(),g()}function Ft(){O?.close(),O=null,Object.assign(i,{session:null,isChecked:!0,isFollowing:!1,status:null,calls:[],accounts:[],cdrs:[],refusals:[],bans:[],low:[],exposure:null,ending:null,error:""}),g()}async function ue(){try{Ot(await b("/v1/session"))}catch{Ft()}}async function pe(){try{await S("DELETE","/v1/session")}catch{}Ft()}var ts=6e3;function ht(t){i.note=t,setTimeout(()=>{i.note===t&&(i.note="",g())},ts)}async function me(t){try{await S("DELETE","/v1/calls/"+t.key),ht(`The call from ${t.caller} to ${t.callee} was ended.`)}catch(e){ht(e instanceof T&&e.status===404?"That call was over already.":`It could not be ended: ${String(e)}`)}i.ending=null,await Y()}async function he(t){try{await S("DELETE","/v1/bans/"+encodeURIComponent(t.source.replace(/\/64$/,""))),ht(`${t.source} is heard again.`)}catch(e){ht(e instanceof T&&e.status===404?"That ban was over already.":`It could not be lifted: ${String(e)}`)}await ft()}var es=new Intl.NumberFormat("en",{minimumFractionDigits:2,maximumFractionDigits:2}),fe=new Intl.NumberFormat("en",{minimumFractionDigits:2,maximumFractionDigits:4}),ss=new Intl.NumberFormat("en");function p(t,e=""){if(t==null||t==="")return"\u2013";let s=Number(t),a=s!==0&&Math.abs(s)<.1?fe:es;return(e===""?"":e+" ")+a.format(Object.is(s,-0)?0:s)}function $e(t){return fe.format(Number(t))}function v(t){return t===void 0?"\u2013":ss.format(t)}function j(t){let e=Math.max(0,Math.floor(t/1e6)),s=n=>String(n).padStart(2,"0"),a=Math.floor(e/3600);return(a>0?a+":"+s(Math.floor(e/60)%60):String(Math.floor(e/60)))+":"+s(e%60)}function x(t){let e=new Date(t/1e3);return new Date().toDateString()===e.toDateString()?e.toLocaleTimeString("en-GB"):e.toLocaleString("en-GB",{dateStyle:"medium",timeStyle:"short"})}function A(t){return new Date(t/1e3).toISOString()}function k(t,e=Date.now()){let s=Math.max(0,Math.round(e/1e3-t/1e6));return s<60?s+" s":s<3600?Math.floor(s/60)+" min":s<86400?Math.floor(s/3600)+" h":Math.floor(s/86400)+" d"}var $t="",gt=!1;async function ns(t){t.preventDefault();let e=new FormData(t.target),s=String(e.get("name")??"").trim(),a=String(e.get("password")??"");gt=!0,g();try{Ot(await S("POST","/v1/session",s===""?{key:a}:{name:s,password:a})),$t=""}catch(n){$t=n instanceof T?n.message:String(n)}gt=!1,g()}function ge(){return o`<div class="login">
    <form class="card" @submit=${t=>void ns(t)}>
      <h1><img src="/favicon.svg" alt="" width="34" height="34">dialtone</h1>
      <label>Name <input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" autofocus></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
      <p class="hint">Or leave the name empty and give an API key as the password.</p>
      ${$t===""?r:o`<p class="failure" role="alert">${$t}</p>`}
      <button class="primary" ?disabled=${gt}>${gt?"Checking\u2026":"Log in"}</button>
    </form>
  </div>`}var vt={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},tt=t=>(...e)=>({_$litDirective$:t,values:e}),G=class{constructor(e){}get _$AU(){return this._$AM._$AU}_$AT(e,s,a){this._$Ct=e,this._$AM=s,this._$Ci=a}_$AS(e,s){return this.update(e,s)}update(e,s){return this.render(...s)}};var{I:as}=ae;var be=t=>t.strings===void 0,ve=()=>document.createComment(""),z=(t,e,s)=>{let a=t._$AA.parentNode,n=e===void 0?t._$AB:e._$AA;if(s===void 0){let l=a.insertBefore(ve(),n),c=a.insertBefore(ve(),n);s=new as(l,c,t,t.options)}else{let l=s._$AB.nextSibling,c=s._$AM,h=c!==t;if(h){let d;s._$AQ?.(t),s._$AM=t,s._$AP!==void 0&&(d=t._$AU)!==c._$AU&&s._$AP(d)}if(l!==n||h){let d=s._$AA;for(;d!==l;){let f=d.nextSibling;a.insertBefore(d,n),d=f}}}return s},D=(t,e,s=t)=>(t._$AI(e,s),t),os={},ye=(t,e=os)=>t._$AH=e,_e=t=>t._$AH,bt=t=>{t._$AR(),t._$AA.remove()};var Ae=(t,e,s)=>{let a=new Map;for(let n=e;n<=s;n++)a.set(t[n],n);return a},we=tt(class extends G{constructor(t){if(super(t),t.type!==vt.CHILD)throw Error("repeat() can only be used in text expressions")}dt(t,e,s){let a;s===void 0?s=e:e!==void 0&&(a=e);let n=[],l=[],c=0;for(let h of t)n[c]=a?a(h,c):c,l[c]=s(h,c),c++;return{values:l,keys:n}}render(t,e,s){return this.dt(t,e,s).values}update(t,[e,s,a]){let n=_e(t),{values:l,keys:c}=this.dt(e,s,a);if(!Array.isArray(n))return this.ut=c,l;let h=this.ut??=[],d=[],f,y,u=0,$=n.length-1,m=0,_=l.length-1;for(;u<=$&&m<=_;)if(n[u]===null)u++;else if(n[$]===null)$--;else if(h[u]===c[m])d[m]=D(n[u],l[m]),u++,m++;else if(h[$]===c[_])d[_]=D(n[$],l[_]),$--,_--;else if(h[u]===c[_])d[_]=D(n[u],l[_]),z(t,d[_+1],n[u]),u++,_--;else if(h[$]===c[m])d[m]=D(n[$],l[m]),z(t,n[u],n[$]),$--,m++;else if(f===void 0&&(f=Ae(c,m,_),y=Ae(h,u,$)),f.has(h[u]))if(f.has(h[$])){let R=y.get(c[m]),Rt=R!==void 0?n[R]:null;if(Rt===null){let zt=z(t,n[u]);D(zt,l[m]),d[m]=zt}else d[m]=D(Rt,l[m]),z(t,n[u],Rt),n[R]=null;m++}else bt(n[$]),$--;else bt(n[u]),u++;for(;m<=_;){let R=z(t,d[_+1]);D(R,l[m]),d[m++]=R}for(;u<=$;){let R=n[u++];R!==null&&bt(R)}return this.ut=c,ye(t,d),H}});var xe={open:"being told",kept:"noted",told:"told","topped-up":"topped up",refused:"top-up refused","given-up":"nobody heard"};function is(t){let e=t.state==="refused"||t.state==="given-up",s=t.state==="open"&&t.attempts>0?` (tried ${t.attempts}\xD7)`:"";return o`${e?o`<span class="state failed">${xe[t.state]}</span>`:xe[t.state]??t.state}${s}
    ${t.note===""?r:o`<small>${t.note}</small>`}`}function yt(t,e){return t.length===0?r:o`<section class="card wide" aria-labelledby="low-title">
    <div class="head"><h2 id="low-title">Low balances</h2></div>
    <div class="scroll"><table class="low"><thead><tr><th scope="col">When</th>
      ${e?o`<th scope="col">Account</th>`:r}
      <th scope="col" class="num">Left</th><th scope="col" class="num">Below</th>
      <th scope="col">What came of it</th><th scope="col" class="num">Added</th></tr></thead>
    <tbody>${t.map(s=>o`<tr><td class="num left" title=${A(s.wall_us)}>${x(s.wall_us)}</td>
      ${e?o`<td class="strong"><a href="#/accounts/${s.account}">${s.account}</a></td>`:r}
      <td class="num strong">${p(s.left,s.currency)}</td><td class="num">${p(s.below,s.currency)}</td>
      <td>${is(s)}</td>
      <td class="num">${s.topup===null?"\u2013":p(s.topup,s.currency)}</td></tr>`)}</tbody></table></div></section>`}function ls(t){return[t.is_at_limits?"refused by its limits":"",t.is_hot?"hot destinations":"",t.is_sudden?"many calls, and usually quiet":""].filter(e=>e!=="").join(", ")}function rs(t){let e=t.account??"#"+t.account_id;return o`<tr data-account=${e}>
    <td class="strong"><a href="#/accounts/${e}">${e}</a></td>
    <td>${ls(t)}</td>
    <td>${t.destinations.map(s=>o`<span class="tag">${s.prefix}… ${v(s.calls)}</span> `)}</td>
    <td class="num">${v(t.calls_in_10s)}</td>
    <td class="num">${v(t.refused_in_10s)}</td>
    <td class="num strong">${p(t.money_a_minute,t.currency)}</td>
    <td class="num" title=${A(t.since_wall_us)}>${x(t.since_wall_us)}</td></tr>`}function Te(){let t=i.status?.edge.alerts??[];if(t.length===0)return r;let e=["Calls in 10 s","Refused","A minute of talk","Since"];return o`<section class="card wide" role="alert" aria-labelledby="alerts-title">
    <div class="head"><h2 id="alerts-title">Fraud suspected <span class="count">${v(t.length)}</span></h2></div>
    <div class="scroll"><table class="alerts">
      <thead><tr><th scope="col">Account</th><th scope="col">Why</th><th scope="col">Calls to</th>
        ${e.map(s=>o`<th scope="col" class="num">${s}</th>`)}</tr></thead>
      <tbody>${t.map(rs)}</tbody></table></div>
  </section>`}var cs=50;function ds(t){return o`<tr data-source=${t.source}>
    <td class="strong">${t.source}${t.has_customers?o` <span class="tag" title="They are heard all the same">customers behind it</span>`:r}</td>
    <td>${t.reason}${t.actor===null?r:o` <small>by ${t.actor}</small>`}</td>
    <td class="num" title=${A(t.wall_until_us)}>${x(t.wall_until_us)}</td>
    <td class="num">${v(t.level+1)}</td>
    <td class="num">${v(t.dropped)}</td>
    <td class="act"><button class="small" @click=${()=>void he(t)}
      aria-label="Lift the ban of ${t.source}">Lift</button></td></tr>`}function Se(){if(i.bans.length===0)return r;let t=["Until","Times","Dropped"];return o`<section class="card wide" aria-labelledby="bans-title">
    <div class="head"><h2 id="bans-title">Banned sources <span class="count">${v(i.bans.length)}</span></h2></div>
    <div class="scroll"><table class="bans">
      <thead><tr><th scope="col">Source</th><th scope="col">Why</th>
        ${t.map(e=>o`<th scope="col" class="num">${e}</th>`)}
        <th scope="col"><span class="sr">Act</span></th></tr></thead>
      <tbody>${i.bans.slice(0,cs).map(ds)}</tbody></table></div>
  </section>`}var Ce=[["account","Account"],["trunk","Trunk"],["destination","Destination"],["country","Country"]],_t=50,ke=null;function us(t){return t===""?"on the network, or of no country":t==="001"?"satellites and networks":(ke??=new Intl.DisplayNames(["en"],{type:"region"}),ke.of(t)??t)}function ps(t,e){switch(t){case"account":{let s=P(e.account_id??0);return s===""?"nobody pays":o`<a href="#/accounts/${s}">${s}</a>`}case"trunk":return e.trunk_id===0?"on the network":i.trunkNames.get(e.trunk_id??0)??"#"+e.trunk_id;case"destination":return e.prefix===""?"free":e.prefix+"\u2026";case"country":return us(e.country??"")}}function ms(t){i.exposureBy=t.target.value,i.exposure=null,J()}function Re(){let t=i.exposure,e=i.exposureBy==="account",s=["Calls","Answered","Cost so far","A minute","Set aside",...e?["Money left","Lasts"]:[]],a=t?.items??[];return o`<section class="card wide" aria-labelledby="exposure-title">
    <div class="head"><h2 id="exposure-title">Value at risk</h2>
      <select class="pick" aria-label="Sum up by" @change=${ms}>${Ce.map(([n,l])=>o`<option value=${n} ?selected=${n===i.exposureBy}>${l}</option>`)}</select></div>
    <div class="scroll ${t?.is_stale===!0?"is-stale":""}"><table class="exposure">
      <thead><tr><th scope="col">${Ce.find(([n])=>n===i.exposureBy)?.[1]}</th>
        ${s.map(n=>o`<th scope="col" class="num">${n}</th>`)}</tr></thead>
      <tbody>${a.slice(0,_t).map(n=>o`<tr>
        <td class="strong">${ps(i.exposureBy,n)}</td>
        <td class="num">${v(n.calls)}</td><td class="num">${v(n.answered)}</td>
        <td class="num">${p(n.cost,n.currency)}</td>
        <td class="num strong">${p(n.cost_per_min,n.currency)}</td>
        <td class="num">${p(n.held,n.currency)}</td>
        ${e?o`<td class="num">${p(n.money_left)}</td>
          <td class="num">${n.seconds_left===void 0?"\u2013":j(n.seconds_left*1e6)}</td>`:r}</tr>`)}</tbody>
    </table>${a.length>0?r:o`<p class="empty">${t===null?"\u2026":"No call is in progress."}</p>`}</div>
    ${t===null||!t.is_stale&&t.total<=_t?r:o`<p class="more">
      ${t.total>_t?`The dearest ${_t} of ${v(t.total)} are shown. `:""}
      ${t.is_stale?`As of ${k(t.as_of_wall_us)} ago: the edge does not answer now.`:""}</p>`}
  </section>`}function Wt(t){return t.length===0?o`<p class="empty">No calls yet.</p>`:o`<div class="scroll"><table>
    <thead><tr><th scope="col">Ended</th><th scope="col">Caller</th><th scope="col">Called</th>
      <th scope="col">Account</th><th scope="col" class="num">Talk</th><th scope="col" class="num">Charge</th>
      <th scope="col">Result</th></tr></thead>
    <tbody>${t.map(e=>o`<tr>
      <td class="num left" title=${A(e.wall_end_us)}>${x(e.wall_end_us)}</td>
      <td class="strong">${e.caller}</td><td class="strong">${e.callee}</td>
      <td>${P(e.account_id)||"\u2013"}</td>
      <td class="num">${e.wall_answer_us>0?j(e.talk_us):"\u2013"}</td>
      <td class="num strong">${p(e.charge,e.currency)}</td>
      <td>${e.wall_answer_us>0?o`<span class="state answered">${e.end}</span>`:o`<span class="state failed">${e.status} ${e.reason}</span>`}
        ${e.flags.filter(s=>s!=="answered").map(s=>o` <span class="tag ${s}">${s}</span>`)}</td>
    </tr>`)}</tbody></table></div>`}function jt(t){return t.length===0?o`<p class="empty">Nobody was refused.</p>`:o`<div class="scroll"><table>
    <thead><tr><th scope="col">When</th><th scope="col">Caller</th><th scope="col">Called</th>
      <th scope="col">Reason</th></tr></thead>
    <tbody>${t.map(e=>o`<tr>
      <td class="num left" title=${A(e.wall_us)}>${x(e.wall_us)}</td>
      <td class="strong">${e.caller??""}<small>${P(e.account_id)}</small></td>
      <td class="strong">${e.callee??""}</td>
      <td><span class="state failed">${e.status??""} ${e.reason??""}</span><small>${e.why??""}</small></td>
    </tr>`)}</tbody></table></div>`}var et={rows:[],next:null,query:"",isRead:!1,failure:""},st={rows:[],next:null,query:"",isRead:!1,failure:""};async function nt(t,e,s,a){e.isRead=!0,e.query=s;try{let n=a===null?"":"&cursor="+a,l=await b(`${t}?max=100${s}${n}`);e.rows=a===null?l.items:[...e.rows,...l.items],e.next=l.next,e.failure=""}catch(n){e.failure=n instanceof Error?n.message:String(n)}g()}function Ee(t){let e="";for(let[s,a]of new FormData(t)){let n=String(a).trim();if(n!==""){let l=s==="from"||s==="to"?new Date(n).toISOString().replace(/\.\d+/,""):n;e+=`&${s}=${encodeURIComponent(l)}`}}return e}function Me(t,e){return o`${e.failure===""?r:o`<p class="failure" role="alert">${e.failure}</p>`}
    ${e.next===null?r:o`<p class="more"><button class="small"
      @click=${()=>void nt(t,e,e.query,e.next)}>Show older</button></p>`}`}var Pe=()=>o`<label>Account <select name="account"><option value="">all</option>
  ${i.accounts.map(t=>o`<option>${t.name}</option>`)}</select></label>`;function De(){return et.isRead||nt("/v1/cdrs",et,"",null),o`<section class="card wide"><div class="head"><h1>Call records</h1></div>
    <form class="filters" @submit=${t=>{t.preventDefault(),nt("/v1/cdrs",et,Ee(t.target),null)}}>
      ${Pe()}
      <label>Number or user <input name="number" spellcheck="false"></label>
      <label>From <input name="from" type="datetime-local"></label>
      <label>To <input name="to" type="datetime-local"></label>
      <button class="primary">Search</button>
    </form>${Wt(et.rows)}${Me("/v1/cdrs",et)}</section>`}function Be(){return st.isRead||nt("/v1/refusals",st,"",null),o`<section class="card wide"><div class="head"><h1>Refused calls</h1></div>
    <form class="filters" @submit=${t=>{t.preventDefault(),nt("/v1/refusals",st,Ee(t.target),null)}}>
      ${Pe()}<button class="primary">Search</button>
    </form>${jt(st.rows)}${Me("/v1/refusals",st)}</section>`}var Ne=100,At=t=>t.wall_answer_us>0,wt=()=>i.callsStale?0:Math.max(0,Date.now()*1e3-i.callsAsOfUs);function hs(t){let e=Number(t.cost);return At(t)?e+Number(t.price_per_min)/6e7*wt():e}function fs(t,e){let s=t.money_left??t.left;if(s===void 0)return"\u2013";let a=(e.get(t.account_id)??0)/6e7*wt();return p(Math.max(0,Number(s)-a))}function $s(t){return t.paid_until_us===void 0?t.is_emergency?"free":"\u2013":t.paid_until_us<0?"\u221E":j(t.paid_until_us-wt())}function Le(){let t=new Map;for(let e of i.calls)At(e)&&t.set(e.account_id,(t.get(e.account_id)??0)+Number(e.price_per_min));return t}function gs(t){i.ending=t,i.note="",g()}function vs(t,e){let s=t.is_emergency?"emergency":t.is_inbound?"inbound":t.is_on_net?"on-net":"",a=P(t.account_id);return o`<tr data-key=${t.key}>
    <td data-label="Caller" class="strong">${t.caller}</td>
    <td data-label="Called" class="strong">${t.callee}${s===""?r:o` <span class="tag ${s}">${s}</span>`}</td>
    <td data-label="Account">${a===""?"\u2013":o`<a href="#/accounts/${a}">${a}</a>`}</td>
    <td data-label="State"><span class="state ${t.state}">${t.state}</span></td>
    <td data-label="Since" class="num" title=${A(t.wall_start_us)}>${x(t.wall_start_us)}</td>
    <td data-label="Talk" class="num">${At(t)?j(t.talk_us+wt()):"\u2013"}</td>
    <td data-label="Price / min" class="num">${$e(t.price_per_min)} <small>${t.currency}</small></td>
    <td data-label="Cost so far" class="num strong">${p(hs(t))}</td>
    <td data-label="Money left" class="num">${fs(t,e)}</td>
    <td data-label="Paid for" class="num">${$s(t)}</td>
    ${w()?o`<td class="act"><button class="danger small" @click=${()=>gs(t)}
      aria-label="End the call from ${t.caller} to ${t.callee}">End</button></td>`:r}
  </tr>`}function bs(t,e){return[t.caller,t.callee,P(t.account_id),t.state].some(s=>s.toLowerCase().includes(e))}function ys(){let t=i.filter.trim().toLowerCase(),e=t===""?i.calls:i.calls.filter(l=>bs(l,t)),s=e.slice(0,i.shownMax),a=Le(),n=["Caller","Called","Account","State","Since","Talk","Price / min","Cost so far","Money left","Paid for"];return o`<section class="card wide" aria-labelledby="calls-title">
    <div class="head"><h2 id="calls-title">Calls in progress <span class="count">${v(i.callTotal)}</span></h2>
      <input type="search" placeholder="Filter: number, user, account, state" aria-label="Filter the calls"
        .value=${i.filter} @input=${l=>{i.filter=l.target.value,g()}}></div>
    <div class="scroll ${i.callsStale?"is-stale":""}"><table class="calls">
      <thead><tr>${n.map((l,c)=>o`<th scope="col" class=${c>3?"num":""}>${l}</th>`)}
        ${w()?o`<th scope="col"><span class="sr">Act</span></th>`:r}</tr></thead>
      <tbody>${we(s,l=>l.key,l=>vs(l,a))}</tbody>
    </table>
    ${s.length>0?r:o`<p class="empty">${i.calls.length===0?"Nobody is talking now.":"No call matches."}</p>`}</div>
    ${e.length<=s.length&&i.callTotal<=i.calls.length?r:o`<p class="more">
      ${v(s.length)} of ${v(t===""?i.callTotal:e.length)} are shown.
      ${e.length>s.length?o`<button class="small" @click=${()=>{i.shownMax+=Ne,g()}}>Show ${Ne} more</button>`:r}</p>`}
  </section>`}function at(t,e,s=""){return o`<div class="figure"><dt>${t}</dt><dd>${e}<small>${s}</small></dd></div>`}function _s(){let t=i.calls.filter(At),e=new Map;for(let c of t)e.set(c.currency,(e.get(c.currency)??0)+Number(c.price_per_min));let s=[...e].map(([c,h])=>p(h,c)).join(" + "),a=i.status?.edge,l=i.callTotal<=i.calls.length?t.length:a?.calls_answered??t.length;return o`<dl class="figures">
    ${at("Calls in progress",v(i.callTotal),` ${v(l)} answered`)}
    ${at("Spent a minute",s===""?"0.00":s)}
    ${a===void 0?r:at("Registered",v(a.bindings),` contacts, ${v(a.aors)} users`)}
    ${a?.lease?.outstanding===void 0?r:at("Set aside at the edge",p(a.lease.outstanding))}
    ${at("Refused lately",v(i.refusals.length>=50?50:i.refusals.length),i.refusals[0]===void 0?"":` last ${k(i.refusals[0].wall_us)} ago`)}
  </dl>`}function As(){let t=Le();return o`<section class="card" aria-labelledby="balances-title">
    <div class="head"><h2 id="balances-title">Balances</h2></div>
    <div class="scroll ${i.accountsStale?"is-stale":""}"><table>
      <thead><tr><th scope="col">Account</th><th scope="col" class="num">Balance</th>
        <th scope="col" class="num">Set aside</th><th scope="col" class="num">Spends / min</th></tr></thead>
      <tbody>${i.accounts.slice(0,50).map(e=>o`<tr>
        <td><a href="#/accounts/${e.name}">${e.name}</a>
          ${e.is_suspended?o`<span class="tag bad">suspended</span>`:r}</td>
        <td class="num strong">${p(e.balance?.balance,e.currency)}</td>
        <td class="num">${p(e.balance?.leased)}</td>
        <td class="num">${p(t.get(e.id)??0)}</td></tr>`)}</tbody>
    </table></div>
  </section>`}function He(){return o`<h1 class="sr">Live view</h1>${w()?Te():r}${_s()}${ys()}
    <div class="columns">${As()}
      <section class="card" aria-labelledby="refusals-title">
        <div class="head"><h2 id="refusals-title">Last refusals</h2><a href="#/refusals">All</a></div>
        ${jt(i.refusals.slice(0,10))}</section>
    </div>
    ${w()?yt(i.low,!0):r}
    ${w()?Re():r}
    ${w()?Se():r}
    <section class="card wide" aria-labelledby="cdrs-title">
      <div class="head"><h2 id="cdrs-title">Last call records</h2><a href="#/cdrs">All</a></div>
      ${Wt(i.cdrs.slice(0,12))}</section>`}function Ue(){return o`<section class="card wide"><div class="head"><h1>Accounts</h1></div>
    <div class="scroll"><table><thead><tr><th scope="col">Name</th><th scope="col">Kind</th><th scope="col">Class</th>
      <th scope="col" class="num">Balance</th><th scope="col" class="num">Set aside</th>
      <th scope="col" class="num">Available</th><th scope="col" class="num">Calls at once</th></tr></thead>
    <tbody>${i.accounts.map(t=>o`<tr>
      <td class="strong"><a href="#/accounts/${t.name}">${t.name}</a>
        ${t.is_suspended?o`<span class="tag bad">suspended</span>`:r}
        ${t.balance?.is_low===!0?o`<span class="tag bad">low</span>`:r}</td>
      <td>${t.kind}</td><td>${t.class}</td>
      <td class="num strong">${p(t.balance?.balance,t.currency)}</td>
      <td class="num">${p(t.balance?.leased)}</td><td class="num">${p(t.balance?.available)}</td>
      <td class="num">${t.channels_max??"no limit"}</td></tr>`)}</tbody></table></div></section>`}var qt=Ie("");function Ie(t){return{name:t,readAtMs:0,account:null,endpoints:[],bindings:new Map,transfers:[],low:[],failure:"",said:"",key:pt()}}async function ws(t){for(let e of t.endpoints.slice(0,50))try{let s=await b(`/v1/endpoints/${encodeURIComponent(e.user)}/bindings`);t.bindings.set(e.user,s.items)}catch{t.bindings.set(e.user,null)}g()}async function xt(t){t.readAtMs=Date.now();let e=encodeURIComponent(t.name);try{t.account=await b(`/v1/accounts/${e}`),t.endpoints=(await b(`/v1/endpoints?account=${e}`)).items,t.transfers=(await b(`/v1/accounts/${e}/transfers?max=25`)).items,t.low=(await b(`/v1/low-balances?account=${e}&max=10`)).items,t.failure=""}catch(s){t.failure=s instanceof Error?s.message:String(s)}g(),await ws(t)}async function xs(t,e){t.preventDefault();let s=t.target,a=new FormData(s),n=String(a.get("amount")??"").trim().replace(",",".");try{await S("POST",`/v1/accounts/${encodeURIComponent(e.name)}/topups`,{amount:n,reason:String(a.get("reason")??"")},{"Idempotency-Key":e.key}),e.said=`${n} was added.`,e.failure="",e.key=pt(),s.reset()}catch(l){e.said="",e.failure=l instanceof Error?l.message:String(l),l instanceof T&&l.isUnknown||(e.key=pt())}await xt(e),await F()}async function Ts(t,e,s){let a=`/v1/accounts/${encodeURIComponent(t.name)}/suspension`;try{e.is_suspended?await S("DELETE",a):await S("PUT",a,{why:String(new FormData(s??void 0).get("why")??"")}),t.failure=""}catch(n){t.failure=n instanceof Error?n.message:String(n)}await xt(t)}async function Ss(t,e,s){let a=new FormData(e),n=s?"0":String(a.get("amount")??"").trim().replace(",",".");try{await S("PUT",`/v1/accounts/${encodeURIComponent(t.name)}/lock`,{amount:n,why:String(a.get("why")??"")}),t.failure="",e.reset()}catch(l){t.failure=l instanceof Error?l.message:String(l)}await xt(t),await F()}function Cs(t,e){let s=e.balance?.lock??null,a=s?.wall_until_us??null;return o`<div class="head"><h2>Balance lock</h2></div>
    <form class="stack" @submit=${n=>{n.preventDefault(),Ss(t,n.target,s!==null)}}>
      ${s===null?o`<label>Amount in ${e.currency} <input name="amount" inputmode="decimal"
            pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="25.00" required></label>`:o`<p>${p(e.balance?.locked,e.currency)} locked by ${s.by}: ${s.why}${a===null?"":`, until ${A(a)}`}</p>`}
      <label>Why <input name="why" maxlength="150" required></label>
      ${s===null?o`<button>Lock</button>`:o`<button>Unlock</button>`}
    </form>`}function ks(t){return o`<section class="card wide" aria-labelledby="devices-title">
    <div class="head"><h2 id="devices-title">Endpoints</h2></div>
    ${t.endpoints.length===0?o`<p class="empty">No endpoints.</p>`:o`<div class="scroll"><table>
    <thead><tr><th scope="col">User</th><th scope="col">Numbers</th><th scope="col">Registered at</th>
      <th scope="col">Device</th><th scope="col">Expires in</th></tr></thead>
    <tbody>${t.endpoints.map(e=>{let s=t.bindings.get(e.user),a=s??[];return o`<tr><td class="strong">${e.user}
        ${e.is_disabled?o`<span class="tag bad">disabled</span>`:r}
        ${e.digest==="sha-256"?o`<span class="tag" title="Credentials by MD5 are refused.">SHA-256 only</span>`:r}</td>
        <td>${e.identities.join(", ")||"\u2013"}</td>
        <td>${s===void 0?"\u2026":s===null?"not known now":a.length===0?o`<span class="state failed">not registered</span>`:a.map(n=>o`<div>${n.source??n.uri}${n.is_flow_lost?" (connection lost)":""}</div>`)}</td>
        <td>${a.map(n=>o`<div>${n.user_agent??""}</div>`)}</td>
        <td>${a.map(n=>o`<div>${n.wall_expires_us===void 0?"":k(2*Date.now()*1e3-n.wall_expires_us)}</div>`)}</td></tr>`})}</tbody></table></div>`}</section>`}function Rs(){let t=new Date;return Array.from({length:6},(e,s)=>new Date(Date.UTC(t.getUTCFullYear(),t.getUTCMonth()-s,1)).toISOString().slice(0,7))}function Es(t){let e=`/v1/accounts/${encodeURIComponent(t)}/statement`;return o`<section class="card wide" aria-labelledby="monthly-title">
    <div class="head"><h2 id="monthly-title">Monthly statements</h2></div>
    <div class="scroll"><table><tbody>${Rs().map(s=>o`<tr><td class="strong">${s}</td>
      <td><a href="${e}?month=${s}&format=pdf" download>PDF</a></td>
      <td><a href="${e}?month=${s}&format=csv" download>CSV</a></td></tr>`)}</tbody></table></div></section>`}function Ms(t,e){return o`<section class="card wide" aria-labelledby="statement-title">
    <div class="head"><h2 id="statement-title">Statement</h2></div>
    ${t.transfers.length===0?o`<p class="empty">No entries.</p>`:o`<div class="scroll"><table>
    <thead><tr><th scope="col">When</th><th scope="col">Kind</th><th scope="col" class="num">Amount</th>
      <th scope="col">By</th><th scope="col">Why</th></tr></thead>
    <tbody>${t.transfers.map(s=>o`<tr><td class="num left" title=${A(s.wall_us)}>${x(s.wall_us)}</td>
      <td>${s.kind}</td><td class="num strong">${p(s.amount,e)}</td>
      <td>${s.actor}</td><td>${s.reason}</td></tr>`)}</tbody></table></div>`}</section>`}function Ps(t,e){return o`<section class="card" aria-labelledby="act-title">
    <div class="head"><h2 id="act-title">Top up</h2></div>
    <form class="stack" @submit=${s=>void xs(s,t)}>
      <label>Amount in ${e.currency}
        <input name="amount" inputmode="decimal" pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="25.00" required></label>
      <label>Reason <input name="reason" maxlength="150" placeholder="Bank transfer"></label>
      <button class="primary">Top up</button>
    </form>
    <div class="head"><h2>Suspension</h2></div>
    <form class="stack" @submit=${s=>{s.preventDefault(),Ts(t,e,s.target)}}>
      ${e.is_suspended?o`<p>Suspended by ${e.suspended_by}: ${e.suspended_why}</p>
          <p>${e.wall_suspended_until_us===null?"It lasts until a person ends it.":o`It ends by itself <span title=${A(e.wall_suspended_until_us)}>at
              ${x(e.wall_suspended_until_us)}</span>, unless the rule renews it.`}</p><button>Resume</button>`:o`<label>Why <input name="why" maxlength="95" required></label><button class="danger">Suspend</button>`}
    </form>${Cs(t,e)}</section>`}function Oe(t){qt.name!==t&&(qt=Ie(t));let e=qt;Date.now()-e.readAtMs>5e3&&xt(e);let s=e.account,a=i.accounts.find(n=>n.name===t)?.balance??s?.balance;return o`<div class="head"><h1>${t}${s?.is_suspended===!0?o` <span class="tag bad">suspended</span>`:r}</h1><a href="#/accounts">All accounts</a></div>
    ${e.failure===""?r:o`<p class="failure" role="alert">${e.failure}</p>`}
    ${e.said===""?r:o`<p class="said" role="status">${e.said}</p>`}
    ${s===null?r:o`<div class="columns"><section class="card" aria-labelledby="money-title">
        <div class="head"><h2 id="money-title">Money</h2></div>
        <dl class="facts"><div><dt>Balance</dt><dd class="big">${p(a?.balance,s.currency)}</dd></div>
          <div><dt>Available</dt><dd>${p(a?.available,s.currency)}</dd></div>
          ${a?.lock?o`<div><dt>Locked</dt><dd>${p(a.locked,s.currency)}</dd></div>`:r}
          <div><dt>Set aside at the edge</dt><dd>${p(a?.leased,s.currency)}</dd></div>
          <div><dt>Credit limit</dt><dd>${p(s.limit,s.currency)}</dd></div>
          <div><dt>Told when below</dt><dd>${a?.low_below==null?"never":o`${p(a.low_below,s.currency)}
              ${a.is_low?o`<span class="tag bad">low</span>`:r}`}</dd></div>
          <div><dt>Kind and class</dt><dd>${s.kind}, ${s.class}</dd></div>
          <div><dt>Calls at once</dt><dd>${s.channels_max??"no limit"}</dd></div>
          <div><dt>Calls a second</dt><dd>${s.cps_max??"no limit"}</dd></div></dl></section>
      ${w()?Ps(e,s):r}</div>
      ${yt(e.low,!1)}${ks(e)}${Ms(e,s.currency)}${Es(t)}`}`}var M=null,St="";async function Ds(t){t.preventDefault();let e=new FormData(t.target),s=String(e.get("kind")),a=new URLSearchParams({[s]:String(e.get("who")).trim(),number:String(e.get("number")).trim()});try{M=await b("/v1/explain?"+a.toString()),St=""}catch(n){M=null,St=n instanceof Error?n.message:String(n)}g()}function Fe(t){return t==null||t===""?"\u2013":Array.isArray(t)?o`<ol>${t.map(e=>o`<li>${Fe(e)}</li>`)}</ol>`:typeof t=="object"?Tt(t):String(t)}function Tt(t){return o`<dl class="facts">${Object.entries(t).map(([e,s])=>o`<div>
    <dt>${e.replaceAll("_"," ")}</dt><dd>${Fe(s)}</dd></div>`)}</dl>`}function Bs(t){let e=t.would==="connect"?"The call would connect.":t.would==="ask"?"The call would ask the ledger for money first, and connect if there is enough.":`The call would be refused: ${t.status??""} ${t.reason??""}`;return o`<p class=${t.would==="refuse"?"failure":"said"} role="status">${e}</p>
    ${t.why===void 0?r:o`<p>${t.why}</p>`}`}function We(){return o`<section class="card wide"><div class="head"><h1>Explain a call</h1></div>
    <form class="filters" @submit=${t=>void Ds(t)}>
      <label>Who <select name="kind"><option value="account">account</option>
        <option value="endpoint">endpoint</option><option value="trunk">trunk</option></select></label>
      <label>Name <input name="who" list="names" required spellcheck="false" autocapitalize="none"></label>
      <datalist id="names">${i.accounts.map(t=>o`<option value=${t.name}></option>`)}</datalist>
      <label>Dials <input name="number" required spellcheck="false" placeholder="+49 30 123456"></label>
      <button class="primary">Explain</button>
    </form>
    ${St===""?r:o`<p class="failure" role="alert">${St}</p>`}
    ${M===null?r:o`${Bs(M)}<div class="columns">
      <div><h2>Route and price</h2>${Tt(M.plan)}</div>
      ${M.lease===void 0?r:o`<div><h2>Money at the edge</h2>${Tt(M.lease)}</div>`}
      ${M.limits===void 0?r:o`<div><h2>Limits</h2>${Tt(M.limits)}</div>`}</div>`}
  </section>`}var ot=(t,e)=>{let s=t._$AN;if(s===void 0)return!1;for(let a of s)a._$AO?.(e,!1),ot(a,e);return!0},Ct=t=>{let e,s;do{if((e=t._$AM)===void 0)break;s=e._$AN,s.delete(t),t=e}while(s?.size===0)},je=t=>{for(let e;e=t._$AM;t=e){let s=e._$AN;if(s===void 0)e._$AN=s=new Set;else if(s.has(t))break;s.add(t),Hs(e)}};function Ns(t){this._$AN!==void 0?(Ct(this),this._$AM=t,je(this)):this._$AM=t}function Ls(t,e=!1,s=0){let a=this._$AH,n=this._$AN;if(n!==void 0&&n.size!==0)if(e)if(Array.isArray(a))for(let l=s;l<a.length;l++)ot(a[l],!1),Ct(a[l]);else a!=null&&(ot(a,!1),Ct(a));else ot(this,t)}var Hs=t=>{t.type==vt.CHILD&&(t._$AP??=Ls,t._$AQ??=Ns)},kt=class extends G{constructor(){super(...arguments),this._$AN=void 0}_$AT(e,s,a){super._$AT(e,s,a),je(this),this.isConnected=e._$AU}_$AO(e,s=!0){e!==this.isConnected&&(this.isConnected=e,e?this.reconnected?.():this.disconnected?.()),s&&(ot(this,e),Ct(this))}setValue(e){if(be(this._$Ct))this._$Ct._$AI(e,this);else{let s=[...this._$Ct._$AH];s[this._$Ci]=e,this._$Ct._$AI(s,this,0)}}disconnected(){}reconnected(){}};var Vt=new WeakMap,qe=tt(class extends kt{render(t){return r}update(t,[e]){let s=e!==this.G;return s&&this.G!==void 0&&this.rt(void 0),(s||this.lt!==this.ct)&&(this.G=e,this.ht=t.options?.host,this.rt(this.ct=t.element)),r}rt(t){if(this.isConnected||(t=void 0),typeof this.G=="function"){let e=this.ht??globalThis,s=Vt.get(e);s===void 0&&(s=new WeakMap,Vt.set(e,s)),s.get(this.G)!==void 0&&this.G.call(this.ht,void 0),s.set(this.G,t),t!==void 0&&this.G.call(this.ht,t)}else this.G.value=t}get lt(){return typeof this.G=="function"?Vt.get(this.ht??globalThis)?.get(this.G):this.G?.value}disconnected(){this.lt===this.ct&&this.rt(void 0)}reconnected(){this.rt(this.ct)}});function Ge(t){let e=t;e!==void 0&&e.isConnected&&!e.open?e.showModal():e!==void 0&&!e.isConnected&&queueMicrotask(()=>Ge(e))}function Ve(){i.ending=null,g()}function ze(){let t=i.ending;return t===null?r:o`<dialog ${qe(Ge)} aria-labelledby="end-title" @close=${Ve}>
    <h2 id="end-title">End this call?</h2>
    <p><b>${t.caller}</b> ${t.wall_answer_us>0?"is talking to":"is calling"} <b>${t.callee}</b>. Both are hung up at once.</p>
    <div class="buttons">
      <button autofocus @click=${Ve}>Cancel</button>
      <button class="danger" id="end-confirm" @click=${()=>void me(t)}>End the call</button>
    </div>
  </dialog>`}var Us=[["","Live"],["accounts","Accounts"],["cdrs","Call records"],["refusals","Refusals"],["explain","Explain"]];function q(t,e,s,a=""){return o`<span class="chip ${e===null?"plain":e?"good":"bad"}" title=${a}><i aria-hidden="true"></i><b>${t}</b> ${s}</span>`}function Is(){let t=i.status,e=t?.edge,s=e?.store??t?.web.store,a=s?.state==="ok",n=s===void 0?"unknown":a?"answers":"silent for "+k(s.since_wall_us??Date.now()*1e3);return o`<div class="bar" role="status" aria-label="State of the parts">
    ${q("Live",i.isFollowing,i.isFollowing?"following":"reconnecting\u2026")}
    ${w()&&t!==null?o`
      ${q("Edge",e?.state==="ready",e?.state??"unknown",e?.state==="unknown"?"It does not answer now. Calls may well go on.":"")}
      ${q("Ledger",s===void 0?null:a,n,a?"":s?.error??"")}
      ${(t.supervisor.roles??[]).filter(l=>l.name!=="edge").map(l=>q(l.name,l.state==="ready",l.state,`${l.restarts??0} restarts`))}
      ${e?.lease?.bound===void 0?r:q("At risk at most",null,p(e.lease.bound),"What grace can lose while the ledger is silent")}
      ${e?.outbox?.unsettled===void 0?r:q("Unsettled",null,String(e.outbox.unsettled),"Usages that the ledger has not booked yet")}`:r}
    ${w()&&(t?.edge.alerts??[]).length>0?q("Fraud",!1,"suspected: "+(t?.edge.alerts??[]).map(l=>l.account??"#"+l.account_id).join(", ")):r}
    ${i.callsStale?o`<span class="chip bad" title=${A(i.callsAsOfUs)}>
      <i aria-hidden="true"></i><b>Calls</b> as of ${k(i.callsAsOfUs)} ago</span>`:r}
    ${i.accountsStale?o`<span class="chip bad" title=${A(i.accountsAsOfUs)}>
      <i aria-hidden="true"></i><b>Balances</b> as of ${k(i.accountsAsOfUs)} ago</span>`:r}
    ${i.error===""?r:o`<span class="chip bad"><i aria-hidden="true"></i>${i.error}</span>`}
  </div>`}function Os(){let t=i.route[0]??"",e=Us.filter(([s])=>s!=="explain"||w());return o`<header>
    <a class="brand" href="#/"><img src="/favicon.svg" alt="" width="26" height="26">dialtone</a>
    <nav aria-label="Pages">${e.map(([s,a])=>o`
      <a href="#/${s}" aria-current=${t===s?"page":"false"}>${a}</a>`)}
    </nav>
    <span class="who">${i.session?.name.replace(/^[a-z]+:/,"")}
      <button class="quiet" @click=${()=>void pe()}>Log out</button></span>
  </header>`}function Fs(){switch(i.route[0]??""){case"accounts":return i.route[1]===void 0?Ue():Oe(i.route[1]);case"cdrs":return De();case"refusals":return Be();case"explain":return We();default:return He()}}function Ke(){return i.isChecked?i.session===null?ge():o`${Os()}${Is()}<main>${Fs()}</main>
    <p class="toast ${i.note===""?"is-empty":""}" role="status" aria-live="polite">${i.note}</p>
    ${ze()}`:o`<p class="wait">One moment…</p>`}function Xe(){i.route=location.hash.replace(/^#\/?/,"").split("/").filter(t=>t!=="").map(decodeURIComponent),i.note="",g()}var Gt=document.createElement("div");Gt.id="app";document.body.append(Gt);de(()=>oe(Ke(),Gt));addEventListener("hashchange",Xe);Xe();ue();setInterval(()=>{i.session!==null&&!document.hidden&&g()},1e3);})();
