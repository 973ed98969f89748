"use strict";(()=>{var Tt=globalThis,at=Tt.trustedTypes,jt=at?at.createPolicy("lit-html",{createHTML:e=>e}):void 0,xt="$lit$",x=`lit$${Math.random().toFixed(9).slice(2)}$`,St="?"+x,Ue=`<${St}>`,P=document,W=()=>P.createComment(""),z=e=>e===null||typeof e!="object"&&typeof e!="function",Ct=Array.isArray,Kt=e=>Ct(e)||typeof e?.[Symbol.iterator]=="function",wt=`[ 	
\f\r]`,V=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,qt=/-->/g,Gt=/>/g,k=RegExp(`>|${wt}(?:([^\\s"'>=/]+)(${wt}*=${wt}*(?:[^ 	
\f\r"'\`<>=]|("|')|))|$)`,"g"),Vt=/'/g,Wt=/"/g,Zt=/^(?:script|style|textarea|title)$/i,Rt=e=>(t,...s)=>({_$litType$:e,strings:t,values:s}),r=Rt(1),vs=Rt(2),bs=Rt(3),D=Symbol.for("lit-noChange"),c=Symbol.for("lit-nothing"),zt=new WeakMap,M=P.createTreeWalker(P,129);function Qt(e,t){if(!Ct(e)||!e.hasOwnProperty("raw"))throw Error("invalid template strings array");return jt!==void 0?jt.createHTML(t):t}var Jt=(e,t)=>{let s=e.length-1,n=[],a,i=t===2?"<svg>":t===3?"<math>":"",l=V;for(let h=0;h<s;h++){let d=e[h],p,v,u=-1,f=0;for(;f<d.length&&(l.lastIndex=f,v=l.exec(d),v!==null);)f=l.lastIndex,l===V?v[1]==="!--"?l=qt:v[1]!==void 0?l=Gt:v[2]!==void 0?(Zt.test(v[2])&&(a=RegExp("</"+v[2],"g")),l=k):v[3]!==void 0&&(l=k):l===k?v[0]===">"?(l=a??V,u=-1):v[1]===void 0?u=-2:(u=l.lastIndex-v[2].length,p=v[1],l=v[3]===void 0?k:v[3]==='"'?Wt:Vt):l===Wt||l===Vt?l=k:l===qt||l===Gt?l=V:(l=k,a=void 0);let m=l===k&&e[h+1].startsWith("/>")?" ":"";i+=l===V?d+Ue:u>=0?(n.push(p),d.slice(0,u)+xt+d.slice(u)+x+m):d+x+(u===-2?h:m)}return[Qt(e,i+(e[s]||"<?>")+(t===2?"</svg>":t===3?"</math>":"")),n]},K=class e{constructor({strings:t,_$litType$:s},n){let a;this.parts=[];let i=0,l=0,h=t.length-1,d=this.parts,[p,v]=Jt(t,s);if(this.el=e.createElement(p,n),M.currentNode=this.el.content,s===2||s===3){let u=this.el.content.firstChild;u.replaceWith(...u.childNodes)}for(;(a=M.nextNode())!==null&&d.length<h;){if(a.nodeType===1){if(a.hasAttributes())for(let u of a.getAttributeNames())if(u.endsWith(xt)){let f=v[l++],m=a.getAttribute(u).split(x),b=/([.?@])?(.*)/.exec(f);d.push({type:1,index:i,name:b[2],strings:m,ctor:b[1]==="."?ot:b[1]==="?"?rt:b[1]==="@"?lt:H}),a.removeAttribute(u)}else u.startsWith(x)&&(d.push({type:6,index:i}),a.removeAttribute(u));if(Zt.test(a.tagName)){let u=a.textContent.split(x),f=u.length-1;if(f>0){a.textContent=at?at.emptyScript:"";for(let m=0;m<f;m++)a.append(u[m],W()),M.nextNode(),d.push({type:2,index:++i});a.append(u[f],W())}}}else if(a.nodeType===8)if(a.data===St)d.push({type:2,index:i});else{let u=-1;for(;(u=a.data.indexOf(x,u+1))!==-1;)d.push({type:7,index:i}),u+=x.length-1}i++}}static createElement(t,s){let n=P.createElement("template");return n.innerHTML=t,n}};function N(e,t,s=e,n){if(t===D)return t;let a=n!==void 0?s._$Co?.[n]:s._$Cl,i=z(t)?void 0:t._$litDirective$;return a?.constructor!==i&&(a?._$AO?.(!1),i===void 0?a=void 0:(a=new i(e),a._$AT(e,s,n)),n!==void 0?(s._$Co??=[])[n]=a:s._$Cl=a),a!==void 0&&(t=N(e,a._$AS(e,t.values),a,n)),t}var it=class{constructor(t,s){this._$AV=[],this._$AN=void 0,this._$AD=t,this._$AM=s}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(t){let{el:{content:s},parts:n}=this._$AD,a=(t?.creationScope??P).importNode(s,!0);M.currentNode=a;let i=M.nextNode(),l=0,h=0,d=n[0];for(;d!==void 0;){if(l===d.index){let p;d.type===2?p=new I(i,i.nextSibling,this,t):d.type===1?p=new d.ctor(i,d.name,d.strings,this,t):d.type===6&&(p=new ct(i,this,t)),this._$AV.push(p),d=n[++h]}l!==d?.index&&(i=M.nextNode(),l++)}return M.currentNode=P,a}p(t){let s=0;for(let n of this._$AV)n!==void 0&&(n.strings!==void 0?(n._$AI(t,n,s),s+=n.strings.length-2):n._$AI(t[s])),s++}},I=class e{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(t,s,n,a){this.type=2,this._$AH=c,this._$AN=void 0,this._$AA=t,this._$AB=s,this._$AM=n,this.options=a,this._$Cv=a?.isConnected??!0}get parentNode(){let t=this._$AA.parentNode,s=this._$AM;return s!==void 0&&t?.nodeType===11&&(t=s.parentNode),t}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(t,s=this){t=N(this,t,s),z(t)?t===c||t==null||t===""?(this._$AH!==c&&this._$AR(),this._$AH=c):t!==this._$AH&&t!==D&&this._(t):t._$litType$!==void 0?this.$(t):t.nodeType!==void 0?this.T(t):Kt(t)?this.k(t):this._(t)}O(t){return this._$AA.parentNode.insertBefore(t,this._$AB)}T(t){this._$AH!==t&&(this._$AR(),this._$AH=this.O(t))}_(t){this._$AH!==c&&z(this._$AH)?this._$AA.nextSibling.data=t:this.T(P.createTextNode(t)),this._$AH=t}$(t){let{values:s,_$litType$:n}=t,a=typeof n=="number"?this._$AC(t):(n.el===void 0&&(n.el=K.createElement(Qt(n.h,n.h[0]),this.options)),n);if(this._$AH?._$AD===a)this._$AH.p(s);else{let i=new it(a,this),l=i.u(this.options);i.p(s),this.T(l),this._$AH=i}}_$AC(t){let s=zt.get(t.strings);return s===void 0&&zt.set(t.strings,s=new K(t)),s}k(t){Ct(this._$AH)||(this._$AH=[],this._$AR());let s=this._$AH,n,a=0;for(let i of t)a===s.length?s.push(n=new e(this.O(W()),this.O(W()),this,this.options)):n=s[a],n._$AI(i),a++;a<s.length&&(this._$AR(n&&n._$AB.nextSibling,a),s.length=a)}_$AR(t=this._$AA.nextSibling,s){for(this._$AP?.(!1,!0,s);t!==this._$AB;){let n=t.nextSibling;t.remove(),t=n}}setConnected(t){this._$AM===void 0&&(this._$Cv=t,this._$AP?.(t))}},H=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(t,s,n,a,i){this.type=1,this._$AH=c,this._$AN=void 0,this.element=t,this.name=s,this._$AM=a,this.options=i,n.length>2||n[0]!==""||n[1]!==""?(this._$AH=Array(n.length-1).fill(new String),this.strings=n):this._$AH=c}_$AI(t,s=this,n,a){let i=this.strings,l=!1;if(i===void 0)t=N(this,t,s,0),l=!z(t)||t!==this._$AH&&t!==D,l&&(this._$AH=t);else{let h=t,d,p;for(t=i[0],d=0;d<i.length-1;d++)p=N(this,h[n+d],s,d),p===D&&(p=this._$AH[d]),l||=!z(p)||p!==this._$AH[d],p===c?t=c:t!==c&&(t+=(p??"")+i[d+1]),this._$AH[d]=p}l&&!a&&this.j(t)}j(t){t===c?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,t??"")}},ot=class extends H{constructor(){super(...arguments),this.type=3}j(t){this.element[this.name]=t===c?void 0:t}},rt=class extends H{constructor(){super(...arguments),this.type=4}j(t){this.element.toggleAttribute(this.name,!!t&&t!==c)}},lt=class extends H{constructor(t,s,n,a,i){super(t,s,n,a,i),this.type=5}_$AI(t,s=this){if((t=N(this,t,s,0)??c)===D)return;let n=this._$AH,a=t===c&&n!==c||t.capture!==n.capture||t.once!==n.once||t.passive!==n.passive,i=t!==c&&(n===c||a);a&&this.element.removeEventListener(this.name,this,n),i&&this.element.addEventListener(this.name,this,t),this._$AH=t}handleEvent(t){typeof this._$AH=="function"?this._$AH.call(this.options?.host??this.element,t):this._$AH.handleEvent(t)}},ct=class{constructor(t,s,n){this.element=t,this.type=6,this._$AN=void 0,this._$AM=s,this.options=n}get _$AU(){return this._$AM._$AU}_$AI(t){N(this,t)}},Xt={M:xt,P:x,A:St,C:1,L:Jt,R:it,D:Kt,V:N,I,H,N:rt,U:lt,B:ot,F:ct},Ie=Tt.litHtmlPolyfillSupport;Ie?.(K,I),(Tt.litHtmlVersions??=[]).push("3.3.1");var Yt=(e,t,s)=>{let n=s?.renderBefore??t,a=n._$litPart$;if(a===void 0){let i=s?.renderBefore??null;n._$litPart$=a=new I(t.insertBefore(W(),i),i,void 0,s??{})}return a._$AI(e),a};var y=class extends Error{constructor(s,n,a){super(a);this.status=s;this.code=n}get isUnknown(){return this.status===503||this.status===0}},te="";function ee(e){te=e}async function Be(e){try{let t=await e.json();return new y(e.status,t.code??"",t.detail??t.title??e.statusText)}catch{return new y(e.status,"",e.statusText)}}async function A(e,t,s,n={}){let a={method:e,headers:{...n},signal:AbortSignal.timeout(1e4)},i=a.headers;s!==void 0&&(i["Content-Type"]="application/json",a.body=JSON.stringify(s)),e!=="GET"&&(i["X-CSRF-Token"]=te);let l;try{l=await fetch(t,a)}catch{throw new y(0,"unreachable","The server does not answer.")}if(!l.ok)throw await Be(l);return l.status===204?void 0:await l.json()}var _=e=>A("GET",e);function dt(){let e=crypto.getRandomValues(new Uint8Array(16));return"console-"+Array.from(e,t=>t.toString(16).padStart(2,"0")).join("")}var o={session:null,isChecked:!1,isFollowing:!1,calls:[],callTotal:0,callsAsOfUs:0,callsStale:!1,accounts:[],accountsStale:!1,accountsAsOfUs:0,cdrs:[],refusals:[],status:null,error:"",route:[],filter:"",shownMax:100,ending:null,note:""},ae=()=>{},Et=!0;function ie(e){ae=e}function $(){Et&&(Et=!1,requestAnimationFrame(()=>{Et=!0,ae()}))}var S=()=>o.session?.role==="operator",F=e=>o.accounts.find(t=>t.id===e)?.name??(e===null||e===0?"":"#"+e);async function mt(e){try{await e(),o.error=""}catch(t){if(t instanceof y&&t.status===401)return Dt();o.error=t instanceof Error?t.message:String(t)}$()}var Z=()=>mt(async()=>{let e=await _("/v1/calls?max=1000");o.calls=e.items.sort((t,s)=>s.wall_start_us-t.wall_start_us),o.callTotal=e.total,o.callsAsOfUs=e.as_of_wall_us,o.callsStale=e.is_stale}),Q=()=>mt(async()=>{let e=await _("/v1/accounts?max=1000");o.accounts=e.items,o.accountsStale=e.is_stale===!0,o.accountsAsOfUs=e.as_of_wall_us??0}),ut=()=>mt(async()=>{let e=await _("/v1/refusals?max=50");o.refusals=e.items,o.cdrs=(await _("/v1/cdrs?max=50")).items}),Mt=()=>mt(async()=>{S()&&(o.status=await _("/v1/status"))}),kt=new Set;function B(e,t){kt.has(e)||(kt.add(e),setTimeout(()=>{kt.delete(e),o.session!==null&&e()},t))}var L=null;function Fe(){L?.close(),L=new EventSource("/v1/events");let e=(t,s)=>{for(let n of t)L?.addEventListener(n,s)};L.addEventListener("open",()=>{o.isFollowing=!0,se()}),L.addEventListener("error",()=>{o.isFollowing=!1,$()}),e(["call.started","call.ringing","call.answered"],()=>B(Z,200)),e(["call.ended"],()=>{B(Z,200),B(ut,1500)}),e(["refusal"],()=>B(ut,400)),e(["balance","config"],()=>B(Q,300)),e(["registered","unregistered","store","edge","alarm"],()=>B(Mt,300)),e(["lost"],se)}function se(){for(let e of[Mt,Q,Z,ut])e()}setInterval(()=>{o.session===null||document.hidden||(Mt(),Z())},5e3);setInterval(()=>{o.session===null||document.hidden||(Q(),ut())},15e3);function Pt(e){o.session=e,o.isChecked=!0,ee(e.csrf),Fe(),$()}function Dt(){L?.close(),L=null,Object.assign(o,{session:null,isChecked:!0,isFollowing:!1,status:null,calls:[],accounts:[],cdrs:[],refusals:[],ending:null,error:""}),$()}async function oe(){try{Pt(await _("/v1/session"))}catch{Dt()}}async function re(){try{await A("DELETE","/v1/session")}catch{}Dt()}var je=6e3;function ne(e){o.note=e,setTimeout(()=>{o.note===e&&(o.note="",$())},je)}async function le(e){try{await A("DELETE","/v1/calls/"+e.key),ne(`The call from ${e.caller} to ${e.callee} was ended.`)}catch(t){ne(t instanceof y&&t.status===404?"That call was over already.":`It could not be ended: ${String(t)}`)}o.ending=null,await Z()}var qe=new Intl.NumberFormat("en",{minimumFractionDigits:2,maximumFractionDigits:2}),ce=new Intl.NumberFormat("en",{minimumFractionDigits:2,maximumFractionDigits:4}),Ge=new Intl.NumberFormat("en");function g(e,t=""){if(e==null||e==="")return"\u2013";let s=Number(e),n=s!==0&&Math.abs(s)<.1?ce:qe;return(t===""?"":t+" ")+n.format(Object.is(s,-0)?0:s)}function de(e){return ce.format(Number(e))}function C(e){return e===void 0?"\u2013":Ge.format(e)}function J(e){let t=Math.max(0,Math.floor(e/1e6)),s=a=>String(a).padStart(2,"0"),n=Math.floor(t/3600);return(n>0?n+":"+s(Math.floor(t/60)%60):String(Math.floor(t/60)))+":"+s(t%60)}function O(e){let t=new Date(e/1e3);return new Date().toDateString()===t.toDateString()?t.toLocaleTimeString("en-GB"):t.toLocaleString("en-GB",{dateStyle:"medium",timeStyle:"short"})}function w(e){return new Date(e/1e3).toISOString()}function R(e,t=Date.now()){let s=Math.max(0,Math.round(t/1e3-e/1e6));return s<60?s+" s":s<3600?Math.floor(s/60)+" min":s<86400?Math.floor(s/3600)+" h":Math.floor(s/86400)+" d"}var ht="",pt=!1;async function Ve(e){e.preventDefault();let t=new FormData(e.target),s=String(t.get("name")??"").trim(),n=String(t.get("password")??"");pt=!0,$();try{Pt(await A("POST","/v1/session",s===""?{key:n}:{name:s,password:n})),ht=""}catch(a){ht=a instanceof y?a.message:String(a)}pt=!1,$()}function ue(){return r`<div class="login">
    <form class="card" @submit=${e=>void Ve(e)}>
      <h1><img src="/favicon.svg" alt="" width="34" height="34">dialtone</h1>
      <label>Name <input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" autofocus></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
      <p class="hint">Or leave the name empty and give an API key as the password.</p>
      ${ht===""?c:r`<p class="failure" role="alert">${ht}</p>`}
      <button class="primary" ?disabled=${pt}>${pt?"Checking\u2026":"Log in"}</button>
    </form>
  </div>`}var ft={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},X=e=>(...t)=>({_$litDirective$:e,values:t}),j=class{constructor(t){}get _$AU(){return this._$AM._$AU}_$AT(t,s,n){this._$Ct=t,this._$AM=s,this._$Ci=n}_$AS(t,s){return this.update(t,s)}update(t,s){return this.render(...s)}};var{I:We}=Xt;var he=e=>e.strings===void 0,me=()=>document.createComment(""),q=(e,t,s)=>{let n=e._$AA.parentNode,a=t===void 0?e._$AB:t._$AA;if(s===void 0){let i=n.insertBefore(me(),a),l=n.insertBefore(me(),a);s=new We(i,l,e,e.options)}else{let i=s._$AB.nextSibling,l=s._$AM,h=l!==e;if(h){let d;s._$AQ?.(e),s._$AM=e,s._$AP!==void 0&&(d=e._$AU)!==l._$AU&&s._$AP(d)}if(i!==a||h){let d=s._$AA;for(;d!==i;){let p=d.nextSibling;n.insertBefore(d,a),d=p}}}return s},E=(e,t,s=e)=>(e._$AI(t,s),e),ze={},pe=(e,t=ze)=>e._$AH=t,fe=e=>e._$AH,$t=e=>{e._$AR(),e._$AA.remove()};var $e=(e,t,s)=>{let n=new Map;for(let a=t;a<=s;a++)n.set(e[a],a);return n},ge=X(class extends j{constructor(e){if(super(e),e.type!==ft.CHILD)throw Error("repeat() can only be used in text expressions")}dt(e,t,s){let n;s===void 0?s=t:t!==void 0&&(n=t);let a=[],i=[],l=0;for(let h of e)a[l]=n?n(h,l):l,i[l]=s(h,l),l++;return{values:i,keys:a}}render(e,t,s){return this.dt(e,t,s).values}update(e,[t,s,n]){let a=fe(e),{values:i,keys:l}=this.dt(t,s,n);if(!Array.isArray(a))return this.ut=l,i;let h=this.ut??=[],d=[],p,v,u=0,f=a.length-1,m=0,b=i.length-1;for(;u<=f&&m<=b;)if(a[u]===null)u++;else if(a[f]===null)f--;else if(h[u]===l[m])d[m]=E(a[u],i[m]),u++,m++;else if(h[f]===l[b])d[b]=E(a[f],i[b]),f--,b--;else if(h[u]===l[b])d[b]=E(a[u],i[b]),q(e,d[b+1],a[u]),u++,b--;else if(h[f]===l[m])d[m]=E(a[f],i[m]),q(e,a[u],a[f]),f--,m++;else if(p===void 0&&(p=$e(l,m,b),v=$e(h,u,f)),p.has(h[u]))if(p.has(h[f])){let T=v.get(l[m]),At=T!==void 0?a[T]:null;if(At===null){let Ft=q(e,a[u]);E(Ft,i[m]),d[m]=Ft}else d[m]=E(At,i[m]),q(e,a[u],At),a[T]=null;m++}else $t(a[f]),f--;else $t(a[u]),u++;for(;m<=b;){let T=q(e,d[b+1]);E(T,i[m]),d[m++]=T}for(;u<=f;){let T=a[u++];T!==null&&$t(T)}return this.ut=l,pe(e,d),D}});function Nt(e){return e.length===0?r`<p class="empty">No calls yet.</p>`:r`<div class="scroll"><table>
    <thead><tr><th scope="col">Ended</th><th scope="col">Caller</th><th scope="col">Called</th>
      <th scope="col">Account</th><th scope="col" class="num">Talk</th><th scope="col" class="num">Charge</th>
      <th scope="col">Result</th></tr></thead>
    <tbody>${e.map(t=>r`<tr>
      <td class="num left" title=${w(t.wall_end_us)}>${O(t.wall_end_us)}</td>
      <td class="strong">${t.caller}</td><td class="strong">${t.callee}</td>
      <td>${F(t.account_id)||"\u2013"}</td>
      <td class="num">${t.wall_answer_us>0?J(t.talk_us):"\u2013"}</td>
      <td class="num strong">${g(t.charge,t.currency)}</td>
      <td>${t.wall_answer_us>0?r`<span class="state answered">${t.end}</span>`:r`<span class="state failed">${t.status} ${t.reason}</span>`}
        ${t.flags.filter(s=>s!=="answered").map(s=>r` <span class="tag ${s}">${s}</span>`)}</td>
    </tr>`)}</tbody></table></div>`}function Ht(e){return e.length===0?r`<p class="empty">Nobody was refused.</p>`:r`<div class="scroll"><table>
    <thead><tr><th scope="col">When</th><th scope="col">Caller</th><th scope="col">Called</th>
      <th scope="col">Reason</th></tr></thead>
    <tbody>${e.map(t=>r`<tr>
      <td class="num left" title=${w(t.wall_us)}>${O(t.wall_us)}</td>
      <td class="strong">${t.caller??""}<small>${F(t.account_id)}</small></td>
      <td class="strong">${t.callee??""}</td>
      <td><span class="state failed">${t.status??""} ${t.reason??""}</span><small>${t.why??""}</small></td>
    </tr>`)}</tbody></table></div>`}var Y={rows:[],next:null,query:"",isRead:!1,failure:""},tt={rows:[],next:null,query:"",isRead:!1,failure:""};async function et(e,t,s,n){t.isRead=!0,t.query=s;try{let a=n===null?"":"&cursor="+n,i=await _(`${e}?max=100${s}${a}`);t.rows=n===null?i.items:[...t.rows,...i.items],t.next=i.next,t.failure=""}catch(a){t.failure=a instanceof Error?a.message:String(a)}$()}function ve(e){let t="";for(let[s,n]of new FormData(e)){let a=String(n).trim();if(a!==""){let i=s==="from"||s==="to"?new Date(a).toISOString().replace(/\.\d+/,""):a;t+=`&${s}=${encodeURIComponent(i)}`}}return t}function be(e,t){return r`${t.failure===""?c:r`<p class="failure" role="alert">${t.failure}</p>`}
    ${t.next===null?c:r`<p class="more"><button class="small"
      @click=${()=>void et(e,t,t.query,t.next)}>Show older</button></p>`}`}var _e=()=>r`<label>Account <select name="account"><option value="">all</option>
  ${o.accounts.map(e=>r`<option>${e.name}</option>`)}</select></label>`;function ye(){return Y.isRead||et("/v1/cdrs",Y,"",null),r`<section class="card wide"><div class="head"><h1>Call records</h1></div>
    <form class="filters" @submit=${e=>{e.preventDefault(),et("/v1/cdrs",Y,ve(e.target),null)}}>
      ${_e()}
      <label>Number or user <input name="number" spellcheck="false"></label>
      <label>From <input name="from" type="datetime-local"></label>
      <label>To <input name="to" type="datetime-local"></label>
      <button class="primary">Search</button>
    </form>${Nt(Y.rows)}${be("/v1/cdrs",Y)}</section>`}function Ae(){return tt.isRead||et("/v1/refusals",tt,"",null),r`<section class="card wide"><div class="head"><h1>Refused calls</h1></div>
    <form class="filters" @submit=${e=>{e.preventDefault(),et("/v1/refusals",tt,ve(e.target),null)}}>
      ${_e()}<button class="primary">Search</button>
    </form>${Ht(tt.rows)}${be("/v1/refusals",tt)}</section>`}var we=100,gt=e=>e.wall_answer_us>0,vt=()=>o.callsStale?0:Math.max(0,Date.now()*1e3-o.callsAsOfUs);function Ke(e){let t=Number(e.cost);return gt(e)?t+Number(e.price_per_min)/6e7*vt():t}function Ze(e,t){let s=e.money_left??e.left;if(s===void 0)return"\u2013";let n=(t.get(e.account_id)??0)/6e7*vt();return g(Math.max(0,Number(s)-n))}function Qe(e){return e.paid_until_us===void 0?e.is_emergency?"free":"\u2013":e.paid_until_us<0?"\u221E":J(e.paid_until_us-vt())}function Te(){let e=new Map;for(let t of o.calls)gt(t)&&e.set(t.account_id,(e.get(t.account_id)??0)+Number(t.price_per_min));return e}function Je(e){o.ending=e,o.note="",$()}function Xe(e,t){let s=e.is_emergency?"emergency":e.is_inbound?"inbound":e.is_on_net?"on-net":"",n=F(e.account_id);return r`<tr data-key=${e.key}>
    <td class="strong">${e.caller}</td>
    <td class="strong">${e.callee}${s===""?c:r` <span class="tag ${s}">${s}</span>`}</td>
    <td>${n===""?"\u2013":r`<a href="#/accounts/${n}">${n}</a>`}</td>
    <td><span class="state ${e.state}">${e.state}</span></td>
    <td class="num" title=${w(e.wall_start_us)}>${O(e.wall_start_us)}</td>
    <td class="num">${gt(e)?J(e.talk_us+vt()):"\u2013"}</td>
    <td class="num">${de(e.price_per_min)} <small>${e.currency}</small></td>
    <td class="num strong">${g(Ke(e))}</td>
    <td class="num">${Ze(e,t)}</td>
    <td class="num">${Qe(e)}</td>
    ${S()?r`<td class="act"><button class="danger small" @click=${()=>Je(e)}
      aria-label="End the call from ${e.caller} to ${e.callee}">End</button></td>`:c}
  </tr>`}function Ye(e,t){return[e.caller,e.callee,F(e.account_id),e.state].some(s=>s.toLowerCase().includes(t))}function ts(){let e=o.filter.trim().toLowerCase(),t=e===""?o.calls:o.calls.filter(i=>Ye(i,e)),s=t.slice(0,o.shownMax),n=Te(),a=["Caller","Called","Account","State","Since","Talk","Price / min","Cost so far","Money left","Paid for"];return r`<section class="card wide" aria-labelledby="calls-title">
    <div class="head"><h2 id="calls-title">Calls in progress <span class="count">${C(o.callTotal)}</span></h2>
      <input type="search" placeholder="Filter: number, user, account, state" aria-label="Filter the calls"
        .value=${o.filter} @input=${i=>{o.filter=i.target.value,$()}}></div>
    <div class="scroll ${o.callsStale?"is-stale":""}"><table class="calls">
      <thead><tr>${a.map((i,l)=>r`<th scope="col" class=${l>3?"num":""}>${i}</th>`)}
        ${S()?r`<th scope="col"><span class="sr">Act</span></th>`:c}</tr></thead>
      <tbody>${ge(s,i=>i.key,i=>Xe(i,n))}</tbody>
    </table>
    ${s.length>0?c:r`<p class="empty">${o.calls.length===0?"Nobody is talking now.":"No call matches."}</p>`}</div>
    ${t.length<=s.length&&o.callTotal<=o.calls.length?c:r`<p class="more">
      ${C(s.length)} of ${C(e===""?o.callTotal:t.length)} are shown.
      ${t.length>s.length?r`<button class="small" @click=${()=>{o.shownMax+=we,$()}}>Show ${we} more</button>`:c}</p>`}
  </section>`}function st(e,t,s=""){return r`<div class="figure"><dt>${e}</dt><dd>${t}<small>${s}</small></dd></div>`}function es(){let e=o.calls.filter(gt),t=new Map;for(let l of e)t.set(l.currency,(t.get(l.currency)??0)+Number(l.price_per_min));let s=[...t].map(([l,h])=>g(h,l)).join(" + "),n=o.status?.edge,i=o.callTotal<=o.calls.length?e.length:n?.calls_answered??e.length;return r`<dl class="figures">
    ${st("Calls in progress",C(o.callTotal),` ${C(i)} answered`)}
    ${st("Spent a minute",s===""?"0.00":s)}
    ${n===void 0?c:st("Registered",C(n.bindings),` contacts, ${C(n.aors)} users`)}
    ${n?.lease?.outstanding===void 0?c:st("Set aside at the edge",g(n.lease.outstanding))}
    ${st("Refused lately",C(o.refusals.length>=50?50:o.refusals.length),o.refusals[0]===void 0?"":` last ${R(o.refusals[0].wall_us)} ago`)}
  </dl>`}function ss(){let e=Te();return r`<section class="card" aria-labelledby="balances-title">
    <div class="head"><h2 id="balances-title">Balances</h2></div>
    <div class="scroll ${o.accountsStale?"is-stale":""}"><table>
      <thead><tr><th scope="col">Account</th><th scope="col" class="num">Balance</th>
        <th scope="col" class="num">Available</th><th scope="col" class="num">Spends / min</th></tr></thead>
      <tbody>${o.accounts.slice(0,50).map(t=>r`<tr>
        <td><a href="#/accounts/${t.name}">${t.name}</a>
          ${t.is_suspended?r`<span class="tag bad">suspended</span>`:c}</td>
        <td class="num strong">${g(t.balance?.balance,t.currency)}</td>
        <td class="num">${g(t.balance?.available)}</td>
        <td class="num">${g(e.get(t.id)??0)}</td></tr>`)}</tbody>
    </table></div>
  </section>`}function xe(){return r`<h1 class="sr">Live view</h1>${es()}${ts()}
    <div class="columns">${ss()}
      <section class="card" aria-labelledby="refusals-title">
        <div class="head"><h2 id="refusals-title">Last refusals</h2><a href="#/refusals">All</a></div>
        ${Ht(o.refusals.slice(0,10))}</section>
    </div>
    <section class="card wide" aria-labelledby="cdrs-title">
      <div class="head"><h2 id="cdrs-title">Last call records</h2><a href="#/cdrs">All</a></div>
      ${Nt(o.cdrs.slice(0,12))}</section>`}function Se(){return r`<section class="card wide"><div class="head"><h1>Accounts</h1></div>
    <div class="scroll"><table><thead><tr><th scope="col">Name</th><th scope="col">Kind</th><th scope="col">Class</th>
      <th scope="col" class="num">Balance</th><th scope="col" class="num">Set aside</th>
      <th scope="col" class="num">Available</th><th scope="col" class="num">Calls at once</th></tr></thead>
    <tbody>${o.accounts.map(e=>r`<tr>
      <td class="strong"><a href="#/accounts/${e.name}">${e.name}</a>
        ${e.is_suspended?r`<span class="tag bad">suspended</span>`:c}</td>
      <td>${e.kind}</td><td>${e.class}</td>
      <td class="num strong">${g(e.balance?.balance,e.currency)}</td>
      <td class="num">${g(e.balance?.leased)}</td><td class="num">${g(e.balance?.available)}</td>
      <td class="num">${e.channels_max??"no limit"}</td></tr>`)}</tbody></table></div></section>`}var Lt=Ce("");function Ce(e){return{name:e,readAtMs:0,account:null,endpoints:[],bindings:new Map,transfers:[],failure:"",said:"",key:dt()}}async function ns(e){for(let t of e.endpoints.slice(0,50))try{let s=await _(`/v1/endpoints/${encodeURIComponent(t.user)}/bindings`);e.bindings.set(t.user,s.items)}catch{e.bindings.set(t.user,null)}$()}async function Ot(e){e.readAtMs=Date.now();let t=encodeURIComponent(e.name);try{e.account=await _(`/v1/accounts/${t}`),e.endpoints=(await _(`/v1/endpoints?account=${t}`)).items,e.transfers=(await _(`/v1/accounts/${t}/transfers?max=25`)).items,e.failure=""}catch(s){e.failure=s instanceof Error?s.message:String(s)}$(),await ns(e)}async function as(e,t){e.preventDefault();let s=e.target,n=new FormData(s),a=String(n.get("amount")??"").trim().replace(",",".");try{await A("POST",`/v1/accounts/${encodeURIComponent(t.name)}/topups`,{amount:a,reason:String(n.get("reason")??"")},{"Idempotency-Key":t.key}),t.said=`${a} was added.`,t.failure="",t.key=dt(),s.reset()}catch(i){t.said="",t.failure=i instanceof Error?i.message:String(i),i instanceof y&&i.isUnknown||(t.key=dt())}await Ot(t),await Q()}async function is(e,t,s){let n=`/v1/accounts/${encodeURIComponent(e.name)}/suspension`;try{t.is_suspended?await A("DELETE",n):await A("PUT",n,{why:String(new FormData(s??void 0).get("why")??"")}),e.failure=""}catch(a){e.failure=a instanceof Error?a.message:String(a)}await Ot(e)}function os(e){return r`<section class="card wide" aria-labelledby="devices-title">
    <div class="head"><h2 id="devices-title">Endpoints</h2></div>
    ${e.endpoints.length===0?r`<p class="empty">No endpoints.</p>`:r`<div class="scroll"><table>
    <thead><tr><th scope="col">User</th><th scope="col">Numbers</th><th scope="col">Registered at</th>
      <th scope="col">Device</th><th scope="col">Expires in</th></tr></thead>
    <tbody>${e.endpoints.map(t=>{let s=e.bindings.get(t.user),n=s??[];return r`<tr><td class="strong">${t.user}
        ${t.is_disabled?r`<span class="tag bad">disabled</span>`:c}</td>
        <td>${t.identities.join(", ")||"\u2013"}</td>
        <td>${s===void 0?"\u2026":s===null?"not known now":n.length===0?r`<span class="state failed">not registered</span>`:n.map(a=>r`<div>${a.source??a.uri}${a.is_flow_lost?" (connection lost)":""}</div>`)}</td>
        <td>${n.map(a=>r`<div>${a.user_agent??""}</div>`)}</td>
        <td>${n.map(a=>r`<div>${a.wall_expires_us===void 0?"":R(2*Date.now()*1e3-a.wall_expires_us)}</div>`)}</td></tr>`})}</tbody></table></div>`}</section>`}function rs(e,t){return r`<section class="card wide" aria-labelledby="statement-title">
    <div class="head"><h2 id="statement-title">Statement</h2></div>
    ${e.transfers.length===0?r`<p class="empty">No entries.</p>`:r`<div class="scroll"><table>
    <thead><tr><th scope="col">When</th><th scope="col">Kind</th><th scope="col" class="num">Amount</th>
      <th scope="col">By</th><th scope="col">Why</th></tr></thead>
    <tbody>${e.transfers.map(s=>r`<tr><td class="num left" title=${w(s.wall_us)}>${O(s.wall_us)}</td>
      <td>${s.kind}</td><td class="num strong">${g(s.amount,t)}</td>
      <td>${s.actor}</td><td>${s.reason}</td></tr>`)}</tbody></table></div>`}</section>`}function ls(e,t){return r`<section class="card" aria-labelledby="act-title">
    <div class="head"><h2 id="act-title">Top up</h2></div>
    <form class="stack" @submit=${s=>void as(s,e)}>
      <label>Amount in ${t.currency}
        <input name="amount" inputmode="decimal" pattern="[0-9]+([.,][0-9]{1,6})?" placeholder="25.00" required></label>
      <label>Reason <input name="reason" maxlength="150" placeholder="Bank transfer"></label>
      <button class="primary">Top up</button>
    </form>
    <div class="head"><h2>Suspension</h2></div>
    <form class="stack" @submit=${s=>{s.preventDefault(),is(e,t,s.target)}}>
      ${t.is_suspended?r`<p>Suspended by ${t.suspended_by}: ${t.suspended_why}</p><button>Resume</button>`:r`<label>Why <input name="why" maxlength="95" required></label><button class="danger">Suspend</button>`}
    </form></section>`}function Re(e){Lt.name!==e&&(Lt=Ce(e));let t=Lt;Date.now()-t.readAtMs>5e3&&Ot(t);let s=t.account,n=o.accounts.find(a=>a.name===e)?.balance??s?.balance;return r`<div class="head"><h1>${e}${s?.is_suspended===!0?r` <span class="tag bad">suspended</span>`:c}</h1><a href="#/accounts">All accounts</a></div>
    ${t.failure===""?c:r`<p class="failure" role="alert">${t.failure}</p>`}
    ${t.said===""?c:r`<p class="said" role="status">${t.said}</p>`}
    ${s===null?c:r`<div class="columns"><section class="card" aria-labelledby="money-title">
        <div class="head"><h2 id="money-title">Money</h2></div>
        <dl class="facts"><div><dt>Balance</dt><dd class="big">${g(n?.balance,s.currency)}</dd></div>
          <div><dt>Available</dt><dd>${g(n?.available,s.currency)}</dd></div>
          <div><dt>Set aside at the edge</dt><dd>${g(n?.leased,s.currency)}</dd></div>
          <div><dt>Credit limit</dt><dd>${g(s.limit,s.currency)}</dd></div>
          <div><dt>Kind and class</dt><dd>${s.kind}, ${s.class}</dd></div>
          <div><dt>Calls at once</dt><dd>${s.channels_max??"no limit"}</dd></div>
          <div><dt>Calls a second</dt><dd>${s.cps_max??"no limit"}</dd></div></dl></section>
      ${S()?ls(t,s):c}</div>
      ${os(t)}${rs(t,s.currency)}`}`}var U=null,bt="";async function cs(e){e.preventDefault();let t=new FormData(e.target),s=String(t.get("kind")),n=new URLSearchParams({[s]:String(t.get("who")).trim(),number:String(t.get("number")).trim()});try{U=await _("/v1/explain?"+n.toString()),bt=""}catch(a){U=null,bt=a instanceof Error?a.message:String(a)}$()}function Ee(e){return e==null||e===""?"\u2013":Array.isArray(e)?r`<ol>${e.map(t=>r`<li>${Ee(t)}</li>`)}</ol>`:typeof e=="object"?Ut(e):String(e)}function Ut(e){return r`<dl class="facts">${Object.entries(e).map(([t,s])=>r`<div>
    <dt>${t.replaceAll("_"," ")}</dt><dd>${Ee(s)}</dd></div>`)}</dl>`}function ds(e){let t=e.would==="connect"?"The call would connect.":e.would==="ask"?"The call would ask the ledger for money first, and connect if there is enough.":`The call would be refused: ${e.status??""} ${e.reason??""}`;return r`<p class=${e.would==="refuse"?"failure":"said"} role="status">${t}</p>
    ${e.why===void 0?c:r`<p>${e.why}</p>`}`}function ke(){return r`<section class="card wide"><div class="head"><h1>Explain a call</h1></div>
    <form class="filters" @submit=${e=>void cs(e)}>
      <label>Who <select name="kind"><option value="account">account</option>
        <option value="endpoint">endpoint</option><option value="trunk">trunk</option></select></label>
      <label>Name <input name="who" list="names" required spellcheck="false" autocapitalize="none"></label>
      <datalist id="names">${o.accounts.map(e=>r`<option value=${e.name}></option>`)}</datalist>
      <label>Dials <input name="number" required spellcheck="false" placeholder="+49 30 123456"></label>
      <button class="primary">Explain</button>
    </form>
    ${bt===""?c:r`<p class="failure" role="alert">${bt}</p>`}
    ${U===null?c:r`${ds(U)}<div class="columns">
      <div><h2>Route and price</h2>${Ut(U.plan)}</div>
      ${U.lease===void 0?c:r`<div><h2>Money at the edge</h2>${Ut(U.lease)}</div>`}</div>`}
  </section>`}var nt=(e,t)=>{let s=e._$AN;if(s===void 0)return!1;for(let n of s)n._$AO?.(t,!1),nt(n,t);return!0},_t=e=>{let t,s;do{if((t=e._$AM)===void 0)break;s=t._$AN,s.delete(e),e=t}while(s?.size===0)},Me=e=>{for(let t;t=e._$AM;e=t){let s=t._$AN;if(s===void 0)t._$AN=s=new Set;else if(s.has(e))break;s.add(e),hs(t)}};function us(e){this._$AN!==void 0?(_t(this),this._$AM=e,Me(this)):this._$AM=e}function ms(e,t=!1,s=0){let n=this._$AH,a=this._$AN;if(a!==void 0&&a.size!==0)if(t)if(Array.isArray(n))for(let i=s;i<n.length;i++)nt(n[i],!1),_t(n[i]);else n!=null&&(nt(n,!1),_t(n));else nt(this,e)}var hs=e=>{e.type==ft.CHILD&&(e._$AP??=ms,e._$AQ??=us)},yt=class extends j{constructor(){super(...arguments),this._$AN=void 0}_$AT(t,s,n){super._$AT(t,s,n),Me(this),this.isConnected=t._$AU}_$AO(t,s=!0){t!==this.isConnected&&(this.isConnected=t,t?this.reconnected?.():this.disconnected?.()),s&&(nt(this,t),_t(this))}setValue(t){if(he(this._$Ct))this._$Ct._$AI(t,this);else{let s=[...this._$Ct._$AH];s[this._$Ci]=t,this._$Ct._$AI(s,this,0)}}disconnected(){}reconnected(){}};var It=new WeakMap,Pe=X(class extends yt{render(e){return c}update(e,[t]){let s=t!==this.G;return s&&this.G!==void 0&&this.rt(void 0),(s||this.lt!==this.ct)&&(this.G=t,this.ht=e.options?.host,this.rt(this.ct=e.element)),c}rt(e){if(this.isConnected||(e=void 0),typeof this.G=="function"){let t=this.ht??globalThis,s=It.get(t);s===void 0&&(s=new WeakMap,It.set(t,s)),s.get(this.G)!==void 0&&this.G.call(this.ht,void 0),s.set(this.G,e),e!==void 0&&this.G.call(this.ht,e)}else this.G.value=e}get lt(){return typeof this.G=="function"?It.get(this.ht??globalThis)?.get(this.G):this.G?.value}disconnected(){this.lt===this.ct&&this.rt(void 0)}reconnected(){this.rt(this.ct)}});function Ne(e){let t=e;t!==void 0&&t.isConnected&&!t.open?t.showModal():t!==void 0&&!t.isConnected&&queueMicrotask(()=>Ne(t))}function De(){o.ending=null,$()}function He(){let e=o.ending;return e===null?c:r`<dialog ${Pe(Ne)} aria-labelledby="end-title" @close=${De}>
    <h2 id="end-title">End this call?</h2>
    <p><b>${e.caller}</b> is talking to <b>${e.callee}</b>. Both are hung up at once.</p>
    <div class="buttons">
      <button autofocus @click=${De}>Cancel</button>
      <button class="danger" id="end-confirm" @click=${()=>void le(e)}>End the call</button>
    </div>
  </dialog>`}var ps=[["","Live"],["accounts","Accounts"],["cdrs","Call records"],["refusals","Refusals"],["explain","Explain"]];function G(e,t,s,n=""){return r`<span class="chip ${t===null?"plain":t?"good":"bad"}" title=${n}><i aria-hidden="true"></i><b>${e}</b> ${s}</span>`}function fs(){let e=o.status,t=e?.edge,s=t?.store??e?.web.store,n=s?.state==="ok",a=s===void 0?"unknown":n?"answers":"silent for "+R(s.since_wall_us??Date.now()*1e3);return r`<div class="bar" role="status" aria-label="State of the parts">
    ${G("Live",o.isFollowing,o.isFollowing?"following":"reconnecting\u2026")}
    ${S()&&e!==null?r`
      ${G("Edge",t?.state==="ready",t?.state??"unknown",t?.state==="unknown"?"It does not answer now. Calls may well go on.":"")}
      ${G("Ledger",s===void 0?null:n,a,n?"":s?.error??"")}
      ${(e.supervisor.roles??[]).filter(i=>i.name!=="edge").map(i=>G(i.name,i.state==="ready",i.state,`${i.restarts??0} restarts`))}
      ${t?.lease?.bound===void 0?c:G("At risk at most",null,g(t.lease.bound),"What grace can lose while the ledger is silent")}
      ${t?.outbox?.unsettled===void 0?c:G("Unsettled",null,String(t.outbox.unsettled),"Usages that the ledger has not booked yet")}`:c}
    ${o.callsStale?r`<span class="chip bad" title=${w(o.callsAsOfUs)}>
      <i aria-hidden="true"></i><b>Calls</b> as of ${R(o.callsAsOfUs)} ago</span>`:c}
    ${o.accountsStale?r`<span class="chip bad" title=${w(o.accountsAsOfUs)}>
      <i aria-hidden="true"></i><b>Balances</b> as of ${R(o.accountsAsOfUs)} ago</span>`:c}
    ${o.error===""?c:r`<span class="chip bad"><i aria-hidden="true"></i>${o.error}</span>`}
  </div>`}function $s(){let e=o.route[0]??"",t=ps.filter(([s])=>s!=="explain"||S());return r`<header>
    <a class="brand" href="#/"><img src="/favicon.svg" alt="" width="26" height="26">dialtone</a>
    <nav aria-label="Pages">${t.map(([s,n])=>r`
      <a href="#/${s}" aria-current=${e===s?"page":"false"}>${n}</a>`)}
    </nav>
    <span class="who">${o.session?.name.replace(/^[a-z]+:/,"")}
      <button class="quiet" @click=${()=>void re()}>Log out</button></span>
  </header>`}function gs(){switch(o.route[0]??""){case"accounts":return o.route[1]===void 0?Se():Re(o.route[1]);case"cdrs":return ye();case"refusals":return Ae();case"explain":return ke();default:return xe()}}function Le(){return o.isChecked?o.session===null?ue():r`${$s()}${fs()}<main>${gs()}</main>
    <p class="toast ${o.note===""?"is-empty":""}" role="status" aria-live="polite">${o.note}</p>
    ${He()}`:r`<p class="wait">One moment…</p>`}function Oe(){o.route=location.hash.replace(/^#\/?/,"").split("/").filter(e=>e!=="").map(decodeURIComponent),o.note="",$()}var Bt=document.createElement("div");Bt.id="app";document.body.append(Bt);ie(()=>Yt(Le(),Bt));addEventListener("hashchange",Oe);Oe();oe();setInterval(()=>{o.session!==null&&!document.hidden&&$()},1e3);})();
